/** The sites on the map: a grey dot each, and above them the marks of what is wrong, the worst on top. */
import { areCutOff, markedSites, markOf, sites } from "../core/city.js";
import { chosen } from "../core/choice.js";
import { html } from "../core/html.js";
import { pick } from "../core/words.js";
import { markRef, severity } from "../parts/levels.js";
import { isNarrow, placed, size, spots, toScreen } from "./view.js";

const NAMED_MOST = 12; // names of more would cover each other
const CALLING_MOST = 20; // rings of more lead the eye nowhere, and to grow them all takes a processor

/** Moves with the zoom by the style sheet alone: `--zoom` is set once for all of them. */
function spotStyle(id) {
  const [x, y] = spots.value.get(id);
  return `--x:${x.toFixed(1)}px;--y:${y.toFixed(1)}px`;
}

function Dot({ site }) {
  const mark = markOf(site.id).value;
  return html`<circle
    r="3.5"
    class=${areCutOff(site.sensors) ? "site dot offline" : "site dot"}
    data-site=${site.id}
    data-level=${mark && !mark.isFault ? mark.level : "normal"}
    data-fault=${mark?.isFault ? "true" : undefined}
    style=${spotStyle(site.id)}
  />`;
}

export function Dots() {
  return html`<g class="dots">${placed.value.map((site) => html`<${Dot} key=${site.id} site=${site} />`)}</g>`;
}

function Marked({ id, isNamed, isCalling }) {
  const mark = markOf(id).value;
  if (!mark) return null;
  return html`<g class="site" data-mark=${id} data-place=${id} style=${spotStyle(id)}>
    ${isCalling && mark.isNew && html`<circle class="call" r="15" />`}
    <use href=${markRef(mark)} />
    ${isNamed && html`<${Name} id=${id} beside=${18} />`}
  </g>`;
}

/** Quiet ones first, so that the worst mark lies on top. */
export function Marks() {
  const known = markedSites.value.filter((id) => spots.value.has(id));
  const named = known.filter((id) => severity(markOf(id).peek()?.level) > 2 && !markOf(id).peek().isFault);
  const areNamed = !isNarrow.value && named.length <= NAMED_MOST;
  const isCalling = known.length <= CALLING_MOST;
  const mark = (id) => {
    const isNamed = areNamed && named.includes(id) && id !== chosen.value;
    return html`<${Marked} key=${id} id=${id} isNamed=${isNamed} isCalling=${isCalling} />`;
  };
  return html`<g class="marks">${known.toReversed().map(mark)}</g>`;
}

/** The ring around the chosen site, and its name. */
export function Ring() {
  const id = chosen.value;
  if (!spots.value.has(id)) return null;
  const isMarked = markOf(id).value !== null;
  return html`<g class="site ring" data-ring=${id} style=${spotStyle(id)}>
    <circle r=${isMarked ? 19 : 10} />
    ${!isNarrow.value && html`<${Name} id=${id} beside=${isMarked ? 25 : 16} />`}
  </g>`;
}

function Name({ id, beside }) {
  const site = sites.value.get(id);
  const isLeft = toScreen(spots.value.get(id))[0] > size.value.width * 0.7;
  return html`<text class=${isLeft ? "name left" : "name"} x=${isLeft ? -beside : beside} y="4">${pick(site.name, site.name_en)}</text>`;
}
