/** The chosen site: what it measures now, and one quantity over the last ten minutes. */
import { h } from "preact";
import { computed, signal } from "@preact/signals";
import htm from "htm";

import { Chart } from "./chart.js";
import { activeAlarms, city, offlineSites, quantities, sites, valueOf } from "./city.js";
import { chosen } from "./choice.js";
import { number, unit } from "./format.js";
import { pick, say, sayOr } from "./words.js";

const html = htm.bind(h);
const picked = signal(null);

const site = computed(() => sites.value.get(chosen.value));

/** What the site measures; what has limits comes first. */
const measured = computed(() => {
  const sensors = site.value?.sensors ?? [];
  const limited = new Set(sensors.flatMap((sensor) => sensor.limits).map((row) => row.quantity));
  const names = [...new Set(sensors.flatMap((sensor) => sensor.quantities))];
  return names.sort((one, other) => limited.has(other) - limited.has(one));
});

/** The quantity drawn: the one picked, or the one in alarm, or the first. */
const drawn = computed(() => {
  const names = measured.value;
  const inAlarm = activeAlarms.value.find((alarm) => alarm.site === chosen.value)?.quantity;
  return [picked.value, inAlarm, ...names].find((name) => names.includes(name));
});

function Quantity({ name }) {
  const quantity = quantities.value.get(name);
  const readings = site.value.sensors.map((sensor) => valueOf(sensor.id, name)).filter(Boolean);
  const worst = readings.reduce((one, other) => (Math.abs(other.value) > Math.abs(one?.value ?? 0) ? other : one), readings[0]);
  return html`<button class=${name === drawn.value ? "drawn" : ""} aria-pressed=${name === drawn.value} onClick=${() => (picked.value = name)}>
    <span>${quantity ? pick(quantity.zh, quantity.en) : name}</span>
    <b>${number(worst?.value, quantity)}</b><small>${unit(quantity?.unit ?? "")}</small>
  </button>`;
}

export function ChosenSite() {
  if (!site.value) return html`<section class="chosen-site"><p class="quiet">${say("site.none")}</p></section>`;
  const { id, name, name_en, kind, district, sensors } = site.value;
  const facts = [sayOr(`kind.${kind}`, kind), city.value.districts[district] ?? district, id];
  return html`<section class="chosen-site" data-chosen=${id}>
    <div class="facts">
      <h2>${pick(name, name_en)}</h2>
      <p>${facts.join(" · ")}</p>
      ${offlineSites.value.has(id) && html`<p class="old">${say("site.offline")}</p>`}
      <div class="quantities">${measured.value.map((one) => html`<${Quantity} key=${one} name=${one} />`)}</div>
    </div>
    ${drawn.value && html`<${Chart} key=${`${id}/${drawn.value}`} sensors=${sensors} quantity=${drawn.value} />`}
  </section>`;
}
