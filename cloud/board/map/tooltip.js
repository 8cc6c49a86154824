/** What a site measures now, beside the pointer. */
import { activeAlarms, areCutOff, quantities } from "../core/city.js";
import { amount } from "../core/format.js";
import { html } from "../core/html.js";
import { useValues } from "../core/values.js";
import { pick, say } from "../core/words.js";
import { levelWords, What } from "../parts/alarm_words.js";
import { sensorsOf } from "../parts/chosen_site.js";
import { Icon } from "../parts/levels.js";
import { Old } from "../parts/timers.js";
import { size } from "./view.js";

const WIDTH = 250;
const HEIGHT = 150;

function Alarm({ alarm }) {
  return html`<p class="tooltip-alarm">
    <${Icon} level=${alarm.level} isFault=${alarm.limit === null} size=${16} />${levelWords(alarm)} <${What} alarm=${alarm} />
  </p>`;
}

export function Tooltip({ site, at: [x, y] }) {
  const values = useValues(site.id);
  const left = x + WIDTH > size.value.width ? x - WIDTH : x + 16;
  const alarms = activeAlarms.value.filter((alarm) => alarm.site === site.id);
  const isOffline = areCutOff(site.sensors);
  const top = Math.min(y + 14, size.value.height - HEIGHT);
  return html`<div class="tooltip" style=${{ left: `${left}px`, top: `${top}px` }} role="tooltip">
    <strong>${pick(site.name, site.name_en)}</strong>
    <small>${site.id}</small>
    ${alarms.map((alarm) => html`<${Alarm} key=${alarm.id} alarm=${alarm} />`)}
    ${isOffline && html`<p class="quiet">${say("site.offline")}</p>`}
    <${Readings} site=${site} values=${values.value} />
  </div>`;
}

function Readings({ site, values }) {
  const rows = sensorsOf(site).flatMap((sensor) => sensor.quantities.map((name) => [name, values.get(`${sensor.id}/${name}`)]));
  const known = rows.filter(([name, reading]) => reading && quantities.value.has(name));
  if (known.length === 0) return html`<p class="quiet">${say("site.silent")}</p>`;
  return html`<dl>
    ${known.map(([name, reading]) => {
      const quantity = quantities.value.get(name);
      return html`<div key=${reading.sensor + name}><dt>${pick(quantity.zh, quantity.en)}</dt>
        <dd><${Old} time=${reading.time} /> ${amount(reading.value, quantity)}</dd></div>`;
    })}
  </dl>`;
}
