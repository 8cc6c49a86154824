/** The sites on the map: a grey dot each, and above them the marks of what is wrong, the worst on top. */
import { useComputed } from "@preact/signals";

import { markedSites, markOf, offlineBoxes, sites } from "../core/city.js";
import { chosen } from "../core/choice.js";
import { html } from "../core/html.js";
import { pick } from "../core/words.js";
import { Mark, severity } from "../parts/levels.js";
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
  const isOffline = useComputed(() => site.sensors.length > 0 && site.sensors.every((sensor) => offlineBoxes.value.has(sensor.box)));
  return html`<circle
    r="3.5"
    class=${isOffline.value ? "site dot offline" : "site dot"}
    data-site=${site.id}
    data-level=${mark && !mark.isFault ? mark.level : "normal"}
    data-fault=${mark?.isFault ? "true" : undefined}
    style=${spotStyle(site.id)}
  />`;
}

export function Dots() {
  return html`<g class="dots">${placed.value.map((site) => html`<${Dot} key=${site.id} site=${site} />`)}</g>`;
}

function Marked({ id, isNamed }) {
  const mark = markOf(id).value;
  if (!mark) return null;
  return html`<g class="site" data-mark=${id} data-place=${id} style=${spotStyle(id)}>
    ${mark.isNew && html`<circle class="call" r="15" />`}
    <${Mark} ...${mark} />
    ${isNamed && html`<${Name} id=${id} beside=${18} />`}
  </g>`;
}

/** Quiet ones first, so that the worst mark lies on top. */
export function Marks() {
  const known = markedSites.value.filter((id) => spots.value.has(id));
  const named = known.filter((id) => severity(markOf(id).peek()?.level) > 2 && !markOf(id).peek().isFault);
  const areNamed = !isNarrow.value && named.length <= NAMED_MOST;
  return html`<g class=${known.length > CALLING_MOST ? "marks many" : "marks"}>
    ${known.toReversed().map((id) => html`<${Marked} key=${id} id=${id} isNamed=${areNamed && named.includes(id) && id !== chosen.value} />`)}
  </g>`;
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
