/** What a site measures now, beside the pointer. */
import { h } from "preact";
import htm from "htm";

import { activeAlarms, isFault, offlineSites, quantities, valueOf } from "./city.js";
import { amount } from "./format.js";
import { Icon } from "./levels.js";
import { pick, say } from "./words.js";

const html = htm.bind(h);
const WIDTH = 250;

export function Tooltip({ hovered, size }) {
  if (hovered.value === null) return null;
  const { site, x, y } = hovered.value;
  const flips = x + WIDTH > size.value.width;
  const place = { left: `${flips ? x - WIDTH : x + 16}px`, top: `${Math.min(y + 14, size.value.height - 130)}px` };
  const alarms = activeAlarms.value.filter((alarm) => alarm.site === site.id);
  return html`<div class="tooltip" style=${place} role="tooltip">
    <strong>${pick(site.name, site.name_en)}</strong>
    <small>${site.id}</small>
    ${alarms.map(
      (alarm) => html`<p class="tooltip-alarm" key=${alarm.id}>
        <${Icon} level=${alarm.level} isFault=${isFault(alarm)} size=${16} />
        ${isFault(alarm) ? alarm.reason || say("fault.long") : say(`level.${alarm.level}`)}
      </p>`,
    )}
    ${offlineSites.value.has(site.id) && html`<p class="quiet">${say("site.offline")}</p>`}
    <${Readings} site=${site} />
  </div>`;
}

function Readings({ site }) {
  const rows = site.sensors.flatMap((sensor) =>
    sensor.quantities.map((name) => [quantities.value.get(name), valueOf(sensor.id, name)]),
  );
  const known = rows.filter(([quantity, reading]) => quantity && reading);
  if (known.length === 0) return html`<p class="quiet">${say("site.silent")}</p>`;
  return html`<dl>
    ${known.map(
      ([quantity, reading]) => html`<div key=${reading.sensor + quantity.name}>
        <dt>${pick(quantity.zh, quantity.en)}</dt>
        <dd>${amount(reading.value, quantity)}</dd>
      </div>`,
    )}
  </dl>`;
}
