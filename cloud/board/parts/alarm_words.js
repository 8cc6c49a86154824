/** An alarm in words: where it is, what was measured, how it stands. */
import { city, isFault, quantities, sites } from "../core/city.js";
import { amount } from "../core/format.js";
import { html } from "../core/html.js";
import { pick, say } from "../core/words.js";

/** The site's name, or the box's for one that has gone. */
export function placeOf(alarm) {
  const site = sites.value.get(alarm.site);
  if (site) return pick(site.name, site.name_en);
  return city.value.boxes.find((box) => box.id === alarm.sensor)?.name ?? alarm.sensor;
}

export function levelWords(alarm) {
  return isFault(alarm) ? say("fault") : say(`level.${alarm.level}`);
}

/** The quantity, its value and the limit; of a fault its reason. */
export function What({ alarm, withLevel = false }) {
  if (isFault(alarm)) {
    const matter = say(alarm.rule === "offline" ? "alarm.offline" : "fault.long");
    return html`<span class="what">${matter} · ${alarm.reason || alarm.sensor}</span>`;
  }
  const quantity = quantities.value.get(alarm.quantity);
  return html`<span class="what">${withLevel && html`${levelWords(alarm)} · `}
    ${pick(quantity?.zh, quantity?.en) ?? alarm.quantity} <b>${amount(alarm.value, quantity)}</b> ${say("alarm.limit")} ${alarm.limit}
  </span>`;
}

/** Its state after ISA-18.2, and who put it there. */
export function State({ alarm }) {
  const by = alarm.acted_by && alarm.state !== "unacknowledged" ? ` · ${alarm.acted_by}` : "";
  return html`<span class=${`state ${alarm.state}`}>${say(`state.${alarm.state}`)}${by}</span>`;
}
