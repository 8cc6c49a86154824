/** What lies under the sites: the districts and their names, and a thin net of degrees. */
import { computed } from "@preact/signals";

import { activeAlarms, isFault } from "../core/city.js";
import { html } from "../core/html.js";
import { district, scopeTo } from "../core/scope.js";
import { graticule, grounds, isNarrow, size, toScreen, view } from "./view.js";

const LABEL_PX = 38; // from a sketched district's outermost site to the middle of its name
const LABEL_NARROW_PX = 27;

/** Alarms of structures, by district. */
const counts = computed(() => {
  const found = new Map();
  for (const alarm of activeAlarms.value) {
    if (!isFault(alarm)) found.set(alarm.district, (found.get(alarm.district) ?? 0) + 1);
  }
  return found;
});

/** Every coast first, then all land: where districts touch, no line crosses the land of another. */
export function Ground() {
  const shapes = grounds.value.map(({ id, path }) => html`<path key=${id} d=${path} class=${id === district.value ? "chosen" : ""} />`);
  const isBuilt = grounds.value.some((one) => one.isBuilt);
  return html`<g class=${isBuilt ? "ground built" : "ground sketched"}>
    <g class="water far">${shapes}</g><g class="water near">${shapes}</g><g class="coast">${shapes}</g><g class="land">${shapes}</g>
  </g>`;
}

/** A sketched district's name stands on the side of its ground that faces away from its nearest neighbour. */
function labelAt(one) {
  if (one.isBuilt) return toScreen(one.at);
  const far = ({ at: [x, y] }) => Math.hypot(x - one.at[0], y - one.at[1]);
  const nearest = grounds.value.filter((other) => other !== one).sort((a, b) => far(a) - far(b))[0];
  const away = isNarrow.value ? LABEL_NARROW_PX : LABEL_PX;
  const [x] = toScreen(one.at);
  return nearest && nearest.at[1] < one.at[1] ? [x, toScreen([0, one.bottom])[1] + away] : [x, toScreen([0, one.top])[1] - away];
}

/** A click shows one district alone, and its alarms and cases; another click the city. */
export function Names() {
  view.value; // names stay as large as they are
  return grounds.value.map((one) => {
    const [x, y] = labelAt(one);
    const count = counts.value.get(one.id);
    const choose = () => scopeTo(district.value === one.id ? "" : one.id);
    return html`<text key=${one.id} class=${`district ${count ? "alarmed" : ""}`} data-district=${one.id} x=${x} y=${y} onClick=${choose}>
      ${one.name}${count && html`<tspan dx="6">${count}</tspan>`}
    </text>`;
  });
}

export function Graticule() {
  const { meridians, parallels } = graticule();
  const { width, height } = size.value;
  const name = (lat, y) => y < height - 70 && html`<text x="6" y=${y - 4}>${lat.toFixed(1)}°N</text>`;
  return html`<g class="graticule">
    ${meridians.map(([lon, x]) => html`<path key=${`e${lon}`} d=${`M${x} 0V${height}`} /><text x=${x + 4} y="14">${lon.toFixed(1)}°E</text>`)}
    ${parallels.map(([lat, y]) => html`<path key=${`n${lat}`} d=${`M0 ${y}H${width}`} />${name(lat, y)}`)}
  </g>`;
}
