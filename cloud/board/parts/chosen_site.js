/** The chosen site below the map: what it measures now, and one quantity over the last ten minutes. */
import { useComputed, useSignal } from "@preact/signals";

import { activeAlarms, areCutOff, districtName, makeOf, quantities, sites } from "../core/city.js";
import { chosen } from "../core/choice.js";
import { number, unit } from "../core/format.js";
import { html } from "../core/html.js";
import { href } from "../core/route.js";
import { useValues } from "../core/values.js";
import { pick, say, sayOr } from "../core/words.js";
import { Chart } from "./chart.js";
import { Old } from "./timers.js";

const TEN_MINUTES = 600_000;

/** Sensors with what they are made like: `{ id, box, quantities, limits }`. */
export function sensorsOf(site) {
  return site.sensors.map((sensor) => ({ ...makeOf(sensor), ...sensor }));
}

/** What some sensors report: what has limits, what else is measured, then statistics in the same order. */
export function measuredBy(sensors) {
  const limited = new Set(sensors.flatMap((sensor) => sensor.limits).map((row) => row.quantity));
  const names = [...new Set(sensors.flatMap((sensor) => sensor.quantities))];
  const rank = (name) => {
    const beside = quantities.value.get(name)?.drawn_with ?? name;
    return (beside === name ? 0 : 2) + (limited.has(beside) ? 0 : 1);
  };
  return names.sort((one, other) => rank(one) - rank(other));
}

/** The names of the site's quantities with their newest values, to choose one for the chart. */
export function Quantities({ sensors, values, drawn, onPick }) {
  return html`<div class="quantities">
    ${measuredBy(sensors).map((name) => {
      const quantity = quantities.value.get(name);
      const readings = sensors.map((sensor) => values.value.get(`${sensor.id}/${name}`)).filter(Boolean);
      const worst = readings.toSorted((one, other) => Math.abs(other.value) - Math.abs(one.value))[0];
      return html`<button key=${name} class=${name === drawn ? "drawn" : ""} aria-pressed=${name === drawn} onClick=${() => onPick(name)}>
        <span>${quantity ? pick(quantity.zh, quantity.en) : name}</span>
        <b>${number(worst?.value, quantity)}</b>
        <small>${unit(quantity?.unit ?? "")} ${worst && html`<${Old} key=${worst.sensor} time=${worst.time} />`}</small>
      </button>`;
    })}
  </div>`;
}

function Shown({ site }) {
  const values = useValues(site.id);
  const picked = useSignal(null);
  const sensors = sensorsOf(site);
  const names = measuredBy(sensors);
  const inAlarm = useComputed(() => activeAlarms.value.find((alarm) => alarm.site === site.id)?.quantity);
  const drawn = [picked.value, inAlarm.value, ...names].find((name) => names.includes(name));
  const isOffline = areCutOff(sensors);
  return html`<section class="chosen-site" data-chosen=${site.id} aria-labelledby="chosen-name">
    <div class="facts">
      <h2 id="chosen-name"><a href=${href("sites", site.id)}>${pick(site.name, site.name_en)}</a></h2>
      <p>${[sayOr(`kind.${site.kind}`, site.kind), districtName(site.district), site.id].join(" · ")}</p>
      ${isOffline && html`<p class="loud">${say("site.offline")}</p>`}
      <${Quantities} sensors=${sensors} values=${values} drawn=${drawn} onPick=${(name) => (picked.value = name)} />
    </div>
    ${drawn && html`<${Chart} key=${drawn} sensors=${sensors} quantity=${drawn} values=${values} spanMs=${TEN_MINUTES} />`}
  </section>`;
}

export function ChosenSite() {
  const site = sites.value.get(chosen.value);
  if (!site) return html`<section class="chosen-site"><p class="quiet">${say("site.none")}</p></section>`;
  return html`<${Shown} key=${site.id} site=${site} />`;
}
