/** 考核评价: the rates of a period, each with its numerator and denominator, and each of those with its cases. */
import { addressOf, get } from "../core/api.js";
import { city, districtName, now } from "../core/city.js";
import { count, day, percent, span } from "../core/format.js";
import { html } from "../core/html.js";
import { useLoaded } from "../core/loaded.js";
import { ask, href } from "../core/route.js";
import { language, pick, say, sayOr } from "../core/words.js";
import { Glyph } from "../parts/glyphs.js";
import { Page, Scroll } from "../parts/page.js";
import { Waiting } from "../parts/trouble.js";

const BY = ["none", "unit", "district", "street", "code", "level", "month", "day"];
const ASKED = ["from", "to", "by", "unit", "district", "street", "code", "level", "urgent"];

/** [first, last] of the usual periods, as days of today's month and year. */
function presets() {
  const today = day(now.peek());
  const [year, month] = today.split("-").map(Number);
  const last = (y, m) => `${y}-${String(m).padStart(2, "0")}-${new Date(y, m, 0).getDate()}`;
  const first = (y, m) => `${y}-${String(m).padStart(2, "0")}-01`;
  const before = month === 1 ? [year - 1, 12] : [year, month - 1];
  return { month: [first(year, month), today], last_month: [first(...before), last(...before)], quarter: [first(year, month - ((month - 1) % 3)), today], year: [first(year, 1), today] };
}

/** The board's own list of the cases that the API's address lists. */
function casesOf(address) {
  const query = Object.fromEntries(new URL(address, location).searchParams);
  return href("cases", "", query);
}

function Rate({ rate, definition }) {
  const shown = definition.unit === "s" ? (rate.value === null ? "–" : span(rate.value * 1000)) : percent(rate.value);
  if (rate.denominator === 0) return html`<td class="number quiet">–</td>`;
  return html`<td class="number"><b>${shown}</b>
    <small>${definition.unit === "s" ? html`<span>Σ ${span(rate.numerator * 1000)}</span>` : html`<a href=${casesOf(rate.numerator_cases)}>${count(rate.numerator)}</a>`} / <a href=${casesOf(rate.denominator_cases)}>${count(rate.denominator)}</a></small></td>`;
}

function Row({ group, rates, by, part }) {
  const { [part]: shown } = group;
  const name = by === "level" ? sayOr(`level.${group.key}`, group.name) : by === "district" ? districtName(group.key) : group.name;
  return html`<tr data-group=${group.key || "total"} class=${group.key ? "" : "total"}><th scope="row">${group.key ? name || group.key : say("evaluation.total")}</th>
    <td class="number"><a href=${casesOf(`${shown.cases}&figure=reported`)}>${count(shown.figures.reported ?? 0)}</a></td>
    ${shown.rates.map((rate, at) => html`<${Rate} key=${rate.id} rate=${rate} definition=${rates[at]} />`)}
    <td class=${`number ${shown.penalty_points ? "loud" : ""}`}>${shown.penalty_points}</td></tr>`;
}

function Network({ query }) {
  const { data } = useLoaded(() => get("evaluation/network", { from: query.from, to: query.to, district: query.district }), [query.from, query.to, query.district]);
  const found = data.value;
  if (!found) return null;
  return html`<section class="card"><h2>${say("network.title")}</h2><div class="figures">
    ${["online_rate", "completeness", "alarm_precision", "alarms_per_sensor_day"].map((name) => {
      const { value, numerator, denominator } = found[name];
      const shown = name === "alarms_per_sensor_day" ? (value?.toFixed(3) ?? "–") : percent(value);
      return html`<div key=${name} class="figure"><span>${say(`network.${name}`)}</span><b>${shown}</b><small>${count(numerator)} / ${count(denominator)}</small></div>`;
    })}
  </div>${found.next && html`<p class="quiet">${say("network.part", { counted: count(found.counted_sensors), sensors: count(found.sensors) })}</p>`}</section>`;
}

function Controls({ query, found }) {
  return html`<div class="choices">
    <label>${say("period")} <select onChange=${(event) => event.target.value && ask(Object.fromEntries([["from", presets()[event.target.value][0]], ["to", presets()[event.target.value][1]]]))}>
      <option value="">${say("period.own")}</option>${Object.keys(presets()).map((name) => html`<option key=${name} value=${name}>${say(`period.${name}`)}</option>`)}</select></label>
    <label>${say("from")} <input type="date" value=${found?.from ?? query.from} onChange=${(event) => ask({ from: event.target.value })} /></label>
    <label>${say("to")} <input type="date" value=${found?.to ?? query.to} onChange=${(event) => ask({ to: event.target.value })} /></label>
    <label>${say("by")} <select onChange=${(event) => ask({ by: event.target.value })}>${BY.map((by) => html`<option key=${by} value=${by} selected=${by === (query.by ?? "unit")}>${say(`by.${by}`)}</option>`)}</select></label>
    <label>${say("district")} <select onChange=${(event) => ask({ district: event.target.value })}><option value="">${say("whole_city")}</option>
      ${Object.keys(city.value.districts).map((id) => html`<option value=${id} selected=${id === query.district}>${districtName(id)}</option>`)}</select></label>
    <label class="tick"><input type="checkbox" checked=${query.urgent === "true"} onChange=${(event) => ask({ urgent: event.target.checked ? "true" : "" })} /> ${say("evaluation.urgent")}</label>
    <a class="button small" href=${addressOf("evaluation", { ...pickAsked(query), format: "csv" })} download>CSV</a>
    <button class="plain print-button" onClick=${() => print()} title=${say("print")} aria-label=${say("print")}><${Glyph} name="print" /></button>
  </div>`;
}

function pickAsked(query) {
  return { by: "unit", ...Object.fromEntries(ASKED.filter((name) => query[name]).map((name) => [name, query[name]])) };
}

export default function EvaluationPage({ query }) {
  const asked = pickAsked(query);
  const { data, trouble } = useLoaded(() => get("evaluation", asked), [JSON.stringify(asked)]);
  const found = data.value;
  const title = say("page.evaluation");
  if (!found) return html`<${Page} title=${title} beside=${html`<${Controls} query=${query} />`}><${Waiting} trouble=${trouble.value} /><//>`;
  const part = query.urgent === "true" ? "urgent" : "all";
  return html`<${Page} title=${title} beside=${html`<${Controls} query=${query} found=${found} />`} className="evaluation-page">
    <${Scroll} label=${say("page.evaluation")}><table>
      <thead><tr><th scope="col">${say(`by.${found.by}`)}</th><th scope="col" class="number">${say("evaluation.reported")}</th>
        ${found.rates.map((rate) => html`<th key=${rate.id} scope="col" class="number" title=${`${rate.formula} · ${rate.source}`}>${pick(rate.zh, rate.en)}</th>`)}
        <th scope="col" class="number">${say("evaluation.points")}</th></tr></thead>
      <tbody><${Row} group=${found.total} rates=${found.rates} by="none" part=${part} />${found.groups.map((group) => html`<${Row} key=${group.key} group=${group} rates=${found.rates} by=${found.by} part=${part} />`)}</tbody>
    </table><//>
    <${Network} query=${{ from: found.from, to: found.to, district: query.district }} />
    <details class="card"><summary>${say("evaluation.how")}</summary><dl class="definitions">${found.rates.map((rate) => html`<div key=${rate.id}><dt>${pick(rate.zh, rate.en)}</dt><dd>${rate.formula}<small>${rate.source}</small></dd></div>`)}</dl></details>
    <p class="quiet" lang=${language.value}>${say("evaluation.note")}</p>
  <//>`;
}
