/** Who is on duty: every unit's people, and their turns of the week. */
import { get } from "../core/api.js";
import { cases, districtName, now } from "../core/city.js";
import { clockTime, count, day, dateTime } from "../core/format.js";
import { html } from "../core/html.js";
import { useLoaded } from "../core/loaded.js";
import { ask, href } from "../core/route.js";
import { pick, say } from "../core/words.js";
import { unitName } from "../parts/people.js";
import { Page, Scroll } from "../parts/page.js";
import { Waiting } from "../parts/trouble.js";

const DAYS = 7;
const DAY_MS = 86_400_000;

function Person({ unit, id }) {
  const person = unit.people.find((one) => one.id === id);
  if (!person) return html`<span>${id || say("duty.nobody")}</span>`;
  return html`<b>${person.name}</b> ${person.phone && html`<a href=${`tel:${person.phone}`}>${person.phone}</a>`}`;
}

function Now({ unit }) {
  if (!unit.now) return html`<span class="quiet">${say("duty.no_rota")}</span>`;
  return html`<${Person} unit=${unit} id=${unit.now.person} /> <small>${say("until", { time: dateTime(unit.now.until_ns / 1e6) })}</small>`;
}

/** The turns as bars over the days. */
function Week({ unit, start }) {
  const end = start + DAYS * DAY_MS;
  return html`<div class="week">${unit.turns.map((turn) => {
    const [from, to] = [Math.max(turn.start_ns / 1e6, start), Math.min(turn.end_ns / 1e6, end)];
    if (to <= from) return null;
    const person = unit.people.find((one) => one.id === turn.person);
    const isNow = from <= now.value && now.value < to;
    const place = `left:${((from - start) / (end - start)) * 100}%;width:${((to - from) / (end - start)) * 100}%`;
    const words = `${person?.name ?? turn.person} ${clockTime(turn.start_ns / 1e6).slice(0, 5)}–${clockTime(turn.end_ns / 1e6).slice(0, 5)}`;
    return html`<span key=${turn.start_ns} class=${isNow ? "now" : ""} style=${place} title=${words}>${person?.name ?? turn.person}</span>`;
  })}</div>`;
}

/** Its district, and whom it answers to. */
function underOf(unit) {
  const centre = unit.is_command_centre && say("duty.centre");
  const answers = unit.supervisor && say("duty.answers_to", { unit: unitName(unit.supervisor) });
  return [unit.district && districtName(unit.district), centre || answers].filter(Boolean).join(" · ");
}

/** A link to those of its cases that are too late. */
function Overdue({ unit }) {
  const address = href("cases", "", { overdue: "true", unit: unit.id });
  return html` <a class="loud" href=${address}>${say("duty.overdue", { count: unit.overdue })}</a>`;
}

function Unit({ unit, start }) {
  const open = [...cases.value.values()].filter((item) => item.unit === unit.id).length;
  return html`<tr data-unit=${unit.id}>
    <th scope="row">${pick(unit.name, unit.name_en)}<small>${underOf(unit)}</small></th>
    <td><${Now} unit=${unit} /></td>
    <td class="number">
      <a href=${href("cases", "", { open: "true", unit: unit.id })}>${count(open)}</a>
      ${unit.overdue > 0 && html`<${Overdue} unit=${unit} />`}
    </td>
    <td class="weeks"><${Week} unit=${unit} start=${start} /></td>
  </tr>`;
}

export default function DutyPage({ query }) {
  const { data, trouble } = useLoaded(() => get("duty", { from: query.from, days: DAYS }), [query.from], 60_000);
  const found = data.value;
  if (!found) return html`<${Page} title=${say("page.duty")}><${Waiting} trouble=${trouble.value} /><//>`;
  const start = new Date(`${found.from}T00:00:00+08:00`).getTime();
  const week = (by) => day(start + by * DAYS * DAY_MS);
  const beside = html`<div class="choices">
    <button class="small" onClick=${() => ask({ from: week(-1) })}>${say("duty.before")}</button>
    <b>${found.from}</b>
    <button class="small" onClick=${() => ask({ from: week(1) })}>${say("duty.after")}</button>
    <button class="small" onClick=${() => ask({ from: "" })}>${say("duty.today")}</button>
  </div>`;
  const days = Array.from({ length: DAYS }, (_, at) => start + at * DAY_MS + DAY_MS / 2);
  const today = day(now.value);
  const head = (one) => html`<span key=${one} class=${day(one) === today ? "now" : ""}>${day(one).slice(5)}</span>`;
  return html`<${Page} title=${say("page.duty")} beside=${beside} className="duty-page">
    <${Scroll} label=${say("page.duty")}><table>
      <thead><tr>
        <th scope="col">${say("duty.unit")}</th>
        <th scope="col">${say("duty.now")}</th>
        <th scope="col" class="number">${say("cases.open")}</th>
        <th scope="col" class="weeks"><div class="days">${days.map(head)}</div></th>
      </tr></thead>
      <tbody>${found.units.map((unit) => html`<${Unit} key=${unit.id} unit=${unit} start=${start} />`)}</tbody>
    </table><//>
    ${found.units.every((unit) => !unit.has_rota) && html`<p class="quiet">${say("duty.how")}</p>`}
  <//>`;
}
