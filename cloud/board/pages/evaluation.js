/** 考核评价: the rates of a period, each with its numerator and denominator, and each of those with its cases. */
import { addressOf, get } from "../core/api.js";
import { districtName, now } from "../core/city.js";
import { count, day, percent, span } from "../core/format.js";
import { html } from "../core/html.js";
import { useLoaded } from "../core/loaded.js";
import { ask, href } from "../core/route.js";
import { language, pick, say, sayOr } from "../core/words.js";
import { DistrictChoice, options, QueryChoice } from "../parts/choices.js";
import { Page, PrintButton, Scroll } from "../parts/page.js";
import { Trouble, Waiting } from "../parts/trouble.js";

const BY = ["none", "unit", "district", "street", "code", "level", "month", "day"];
const ASKED = ["from", "to", "by", "unit", "district", "street", "code", "level", "urgent"];

/** [first, last] of the usual periods, as days of today's month and year. */
function presets() {
  const today = day(now.peek());
  const [year, month] = today.split("-").map(Number);
  const last = (y, m) => `${y}-${String(m).padStart(2, "0")}-${new Date(y, m, 0).getDate()}`;
  const first = (y, m) => `${y}-${String(m).padStart(2, "0")}-01`;
  const before = month === 1 ? [year - 1, 12] : [year, month - 1];
  return {
    month: [first(year, month), today],
    last_month: [first(...before), last(...before)],
    quarter: [first(year, month - ((month - 1) % 3)), today],
    year: [first(year, 1), today],
  };
}

/** The board's own list of the cases that the API's address lists. */
function casesOf(address) {
  const query = Object.fromEntries(new URL(address, location).searchParams);
  return href("cases", "", query);
}

function Numerator({ rate, isTime }) {
  if (isTime) return html`<span>Σ ${span(rate.numerator * 1000)}</span>`;
  return html`<a href=${casesOf(rate.numerator_cases)}>${count(rate.numerator)}</a>`;
}

function Rate({ rate, definition }) {
  if (rate.denominator === 0) return html`<td class="number quiet">–</td>`;
  const isTime = definition.unit === "s";
  const time = () => (rate.value === null ? "–" : span(rate.value * 1000));
  return html`<td class="number">
    <b>${isTime ? time() : percent(rate.value)}</b>
    <small>
      <${Numerator} rate=${rate} isTime=${isTime} /> / <a href=${casesOf(rate.denominator_cases)}>${count(rate.denominator)}</a>
    </small>
  </td>`;
}

function nameOf(group, by) {
  if (by === "level") return sayOr(`level.${group.key}`, group.name);
  return by === "district" ? districtName(group.key) : group.name;
}

function Row({ group, rates, by, part }) {
  const { [part]: shown } = group;
  const name = group.key ? nameOf(group, by) || group.key : say("evaluation.total");
  return html`<tr data-group=${group.key || "total"} class=${group.key ? "" : "total"}>
    <th scope="row">${name}</th>
    <td class="number"><a href=${casesOf(`${shown.cases}&figure=reported`)}>${count(shown.figures.reported ?? 0)}</a></td>
    ${shown.rates.map((rate, at) => html`<${Rate} key=${rate.id} rate=${rate} definition=${rates[at]} />`)}
    <td class=${`number ${shown.penalty_points ? "loud" : ""}`}>${shown.penalty_points}</td>
  </tr>`;
}

const NETWORK = ["online_rate", "completeness", "alarm_precision", "alarms_per_sensor_day"];

function NetworkFigure({ name, figure: { value, numerator, denominator } }) {
  const shown = name === "alarms_per_sensor_day" ? (value?.toFixed(3) ?? "–") : percent(value);
  return html`<div class="figure">
    <span>${say(`network.${name}`)}</span>
    <b>${shown}</b>
    <small>${count(numerator)} / ${count(denominator)}</small>
  </div>`;
}

function Network({ from, to, district }) {
  const { data, trouble } = useLoaded(() => get("evaluation/network", { from, to, district }), [from, to, district]);
  const found = trouble.value ? null : data.value;
  if (!found && !trouble.value) return null;
  const counted = found && { counted: count(found.counted_sensors), sensors: count(found.sensors) };
  const figure = (name) => html`<${NetworkFigure} key=${name} name=${name} figure=${found[name]} />`;
  return html`<section class="card"><h2>${say("network.title")}</h2>
    <${Trouble} of=${trouble.value} />
    ${found && html`<div class="figures">${NETWORK.map(figure)}</div>`}
    ${found?.next && html`<p class="quiet">${say("network.part", counted)}</p>`}
  </section>`;
}

/** Fills in both days of a usual period. */
function showPeriod(name) {
  if (!name) return;
  const [from, to] = presets()[name];
  ask({ from, to });
}

function PeriodChoice() {
  return html`<select onChange=${(event) => showPeriod(event.target.value)}>
    <option value="">${say("period.own")}</option>
    ${options(Object.keys(presets()), (name) => say(`period.${name}`))}
  </select>`;
}

function Controls({ query, found }) {
  const by = query.by ?? "unit";
  const byWords = (name) => say(`by.${name}`);
  const askDay = (name) => (event) => ask({ [name]: event.target.value });
  const askUrgent = (event) => ask({ urgent: event.target.checked ? "true" : "" });
  return html`<div class="choices">
    <label>${say("period")} <${PeriodChoice} /></label>
    <label>${say("from")} <input type="date" value=${found?.from ?? query.from} onChange=${askDay("from")} /></label>
    <label>${say("to")} <input type="date" value=${found?.to ?? query.to} onChange=${askDay("to")} /></label>
    <label>${say("by")} <${QueryChoice} name="by" values=${BY} words=${byWords} chosen=${by} /></label>
    <label>${say("district")} <${DistrictChoice} chosen=${query.district} /></label>
    <label class="tick">
      <input type="checkbox" checked=${query.urgent === "true"} onChange=${askUrgent} /> ${say("evaluation.urgent")}
    </label>
    <a class="button small" href=${addressOf("evaluation", { ...pickAsked(query), format: "csv" })} download>CSV</a>
    <${PrintButton} />
  </div>`;
}

function pickAsked(query) {
  return { by: "unit", ...Object.fromEntries(ASKED.filter((name) => query[name]).map((name) => [name, query[name]])) };
}

function Table({ found, part }) {
  const head = (rate) => html`<th key=${rate.id} scope="col" class="number" title=${`${rate.formula} · ${rate.source}`}>
    ${pick(rate.zh, rate.en)}
  </th>`;
  const row = (group) => html`<${Row} key=${group.key} group=${group} rates=${found.rates} by=${found.by} part=${part} />`;
  return html`<${Scroll} label=${say("page.evaluation")}><table>
    <thead><tr>
      <th scope="col">${say(`by.${found.by}`)}</th>
      <th scope="col" class="number">${say("evaluation.reported")}</th>
      ${found.rates.map(head)}
      <th scope="col" class="number">${say("evaluation.points")}</th>
    </tr></thead>
    <tbody>
      <${Row} group=${found.total} rates=${found.rates} by="none" part=${part} />
      ${found.groups.map(row)}
    </tbody>
  </table><//>`;
}

function Definitions({ rates }) {
  return html`<details class="card"><summary>${say("evaluation.how")}</summary>
    <dl class="definitions">${rates.map((rate) => html`<div key=${rate.id}>
      <dt>${pick(rate.zh, rate.en)}</dt>
      <dd>${rate.formula}<small>${rate.source}</small></dd>
    </div>`)}</dl>
  </details>`;
}

export default function EvaluationPage({ query }) {
  const asked = pickAsked(query);
  const { data, trouble } = useLoaded(() => get("evaluation", asked), [JSON.stringify(asked)]);
  const found = data.value;
  const title = say("page.evaluation");
  const beside = html`<${Controls} query=${query} found=${found} />`;
  if (!found) return html`<${Page} title=${title} beside=${beside}><${Waiting} trouble=${trouble.value} /><//>`;
  return html`<${Page} title=${title} beside=${beside} className="evaluation-page">
    <${Table} found=${found} part=${query.urgent === "true" ? "urgent" : "all"} />
    <${Network} from=${found.from} to=${found.to} district=${query.district} />
    <${Definitions} rates=${found.rates} />
    <p class="quiet" lang=${language.value}>${say("evaluation.note")}</p>
  <//>`;
}
