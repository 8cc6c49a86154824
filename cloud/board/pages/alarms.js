/** Active alarms, worst first. */
import { h } from "preact";
import htm from "htm";

import { activeAlarms, isFault, now, quantities, sites } from "./city.js";
import { choose, chosen } from "./choice.js";
import { amount, span } from "./format.js";
import { Icon } from "./levels.js";
import { pick, say } from "./words.js";

const html = htm.bind(h);

function What({ alarm }) {
  if (isFault(alarm)) return html`<span class="what">${say("fault.long")} · ${alarm.reason || alarm.sensor}</span>`;
  const quantity = quantities.value.get(alarm.quantity);
  return html`<span class="what">
    ${pick(quantity?.zh, quantity?.en) ?? alarm.quantity} <b>${amount(alarm.value, quantity)}</b>
    <span class="limit"> ${say("alarm.limit")} ${alarm.limit}</span>
  </span>`;
}

function Alarm({ alarm }) {
  const site = sites.value.get(alarm.site);
  return html`<li>
    <button
      class=${`row ${chosen.value === alarm.site ? "chosen" : ""}`}
      data-alarm=${alarm.id}
      data-level=${alarm.level}
      onClick=${() => choose(alarm.site)}
    >
      <${Icon} level=${alarm.level} isFault=${isFault(alarm)} size=${28} />
      <span class="place">${site ? pick(site.name, site.name_en) : alarm.sensor}</span>
      <time>${span(now.value - alarm.since)}</time>
      <${What} alarm=${alarm} />
      <span class="word">${isFault(alarm) ? say("fault") : say(`level.${alarm.level}`)}</span>
    </button>
  </li>`;
}

export function Alarms() {
  const list = activeAlarms.value;
  return html`<section class="alarms">
    <h2>${say("alarms")} <b>${list.length}</b></h2>
    ${list.length === 0
      ? html`<p class="quiet">${say("alarms.none")}</p>`
      : html`<ol>${list.map((alarm) => html`<${Alarm} key=${alarm.id} alarm=${alarm} />`)}</ol>`}
  </section>`;
}
