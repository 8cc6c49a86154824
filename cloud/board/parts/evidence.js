/** The readings before the event that opened a case or gave an alarm its level, as a line with the limit. */
import { makeOf, quantities, sites } from "../core/city.js";
import { amount, clockTime, number } from "../core/format.js";
import { html } from "../core/html.js";
import { say } from "../core/words.js";

const WIDTH = 520;
const HEIGHT = 120;
const ROOM = 1.12;

/** `points` are [time in ms, value or null]; `limit` may be null. */
export function EvidenceLine({ points, limit, level, quantity }) {
  const known = points.filter(([, value]) => value !== null);
  if (known.length < 2) return html`<p class="quiet">${say("evidence.none")}</p>`;
  const [start, end] = [known[0][0], known.at(-1)[0]];
  const values = known.map(([, value]) => value);
  const top = Math.max(...values, limit ?? -Infinity) * ROOM;
  const bottom = Math.min(0, ...values);
  const x = (time) => ((time - start) / (end - start || 1)) * WIDTH;
  const y = (value) => HEIGHT - ((value - bottom) / (top - bottom || 1)) * HEIGHT;
  const path = known.map(([time, value], at) => `${at ? "L" : "M"}${x(time).toFixed(1)} ${y(value).toFixed(1)}`).join("");
  const words = say("evidence.words", { count: known.length, from: clockTime(start), to: clockTime(end) });
  return html`<figure class="evidence">
    <svg viewBox=${`0 -8 ${WIDTH} ${HEIGHT + 16}`} role="img" aria-label=${`${words}: ${number(values[0], quantity)} … ${amount(values.at(-1), quantity)}`}>
      ${limit !== null && html`<path class=${`limit ${level}`} d=${`M0 ${y(limit)}H${WIDTH}`} />`}
      <path class="line" d=${path} /><circle class="last" cx=${x(end)} cy=${y(values.at(-1))} r="4" />
    </svg>
    <figcaption>${words}</figcaption>
  </figure>`;
}

/** What the rule that opened a case judges: a name of `quantities`, or undefined when sensors.yaml has no such rule today. */
function quantityOf({ site, alarm }) {
  const [id, rule] = alarm.split("/");
  const sensor = sites.value.get(site)?.sensors.find((one) => one.id === id);
  return sensor && makeOf(sensor).limits.find((row) => row.rule === rule)?.quantity;
}

/** Of a case. */
export function Evidence({ item }) {
  if (!item.evidence?.length) return null;
  const opened = item.log.find((line) => line.act === "raised");
  const points = item.evidence.map(([time_ns, value]) => [time_ns / 1e6, value]);
  return html`<section class="card"><h2>${say("case.evidence")}</h2>
    <${EvidenceLine} points=${points} limit=${null} level=${item.level} quantity=${quantities.value.get(quantityOf(item))} />
    ${opened && html`<p class="quiet">${opened.note}</p>`}
  </section>`;
}
