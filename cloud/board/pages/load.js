/** How much the alarms ask of people, after ISA-18.2: whether the fault lies with the city or with the limits. */
import { city } from "../core/city.js";
import { count, dateTimeNs, percent, span } from "../core/format.js";
import { get } from "../core/api.js";
import { html } from "../core/html.js";
import { useLoaded } from "../core/loaded.js";
import { ask, href } from "../core/route.js";
import { pick, say } from "../core/words.js";
import { DistrictChoice, QueryChoice } from "../parts/choices.js";
import { Icon, LEVELS } from "../parts/levels.js";
import { Page } from "../parts/page.js";
import { Waiting } from "../parts/trouble.js";
import { AlarmTabs } from "./alarms.js";

const HOURS = [8, 24, 168, 720];
const EVERY_MS = 60_000;

/** An alarm's id is the sensor's and the rule's. */
function AlarmName({ id }) {
  const [sensor, rule] = id.split("/");
  const site = city.value.sites.find((one) => one.sensors.some((own) => own.id === sensor));
  if (!site) return id;
  return html`<a href=${href("sites", site.id)}>${pick(site.name, site.name_en)}</a> <small>${sensor} · ${rule}</small>`;
}

function Figure({ words, value, target, isGood }) {
  return html`<div class=${`figure ${isGood ? "" : "loud"}`}><span>${words}</span><b>${value}</b><small>${target}</small></div>`;
}

function OftenRow({ row }) {
  return html`<tr>
    <td><${AlarmName} id=${row.alarm} /></td>
    <td class="number">${count(row.times)}</td>
    <td class="number">${percent(row.share)}</td>
  </tr>`;
}

function Often({ title, rows, none }) {
  return html`<section class="card"><h2>${title}</h2>
    ${rows.length === 0
      ? html`<p class="quiet">${none}</p>`
      : html`<table><tbody>${rows.map((row) => html`<${OftenRow} key=${row.alarm} row=${row} />`)}</tbody></table>`}
  </section>`;
}

function Levels({ levels }) {
  return html`<section class="card"><h2>${say("load.levels")}</h2><table>
    <thead><tr>
      <th>${say("column.level")}</th>
      <th class="number">${say("load.raised")}</th>
      <th class="number">${say("load.share")}</th>
      <th class="number">${say("load.recommended")}</th>
    </tr></thead>
    <tbody>${LEVELS.map((level) => html`<tr key=${level}>
      <td><${Icon} level=${level} /> ${say(`level.${level}`)}</td>
      <td class="number">${count(levels[level].raised)}</td>
      <td class="number">${percent(levels[level].share)}</td>
      <td class="number">${percent(levels[level].recommended)}</td>
    </tr>`)}</tbody>
  </table></section>`;
}

function Standing({ load }) {
  return html`<section class="card"><h2>${say("load.standing")} <b>${count(load.standing_count)}</b></h2>
    ${load.standing.length === 0
      ? html`<p class="quiet">${say("load.standing.none")}</p>`
      : html`<table><tbody>${load.standing.map((row) => html`<tr key=${row.alarm}>
          <td><${AlarmName} id=${row.alarm} /></td>
          <td class="number">${dateTimeNs(row.since_ns)}</td>
        </tr>`)}</tbody></table>`}
  </section>`;
}

function FloodTable({ floods }) {
  return html`<table>
    <thead><tr>
      <th>${say("load.flood.start")}</th>
      <th class="number">${say("load.flood.lasted")}</th>
      <th class="number">${say("load.raised")}</th>
      <th>${say("load.flood.first")}</th>
    </tr></thead>
    <tbody>${floods.map((flood) => html`<tr key=${flood.start_ns}>
      <td class="number">${dateTimeNs(flood.start_ns)}</td>
      <td class="number">${span((flood.end_ns - flood.start_ns) / 1e6)}</td>
      <td class="number">${count(flood.raised)}</td>
      <td><${AlarmName} id=${flood.first_out} /></td>
    </tr>`)}</tbody>
  </table>`;
}

function Floods({ load }) {
  return html`<section class="card"><h2>${say("load.floods")} <b>${count(load.flood_count)}</b></h2>
    ${load.floods.length === 0
      ? html`<p class="quiet">${say("load.floods.none")}</p>`
      : html`<${FloodTable} floods=${load.floods} />`}
  </section>`;
}

function Figures({ load: { rate, held }, hours }) {
  const heldInAll = Object.values(held).reduce((sum, one) => sum + one, 0);
  const heldByState = Object.entries(held).map(([state, number]) => `${say(`state.${state}`)} ${number}`);
  return html`<div class="figures">
    <${Figure}
      words=${say("load.rate")}
      value=${rate.per_operator.toFixed(2)}
      target=${say("load.rate.target", { target: rate.target_per_operator })}
      isGood=${rate.per_operator <= rate.target_per_operator}
    />
    <${Figure}
      words=${say("load.peak")}
      value=${count(rate.peak)}
      target=${dateTimeNs(rate.peak_start_ns)}
      isGood=${rate.peak <= 10}
    />
    <${Figure}
      words=${say("load.flood_share")}
      value=${percent(rate.flood_share)}
      target=${say("load.flood_share.target")}
      isGood=${rate.flood_share <= 0.01}
    />
    <${Figure} words=${say("load.total")} value=${count(rate.raised)} target=${say(`hours.${hours}`)} isGood />
    <${Figure} words=${say("load.held")} value=${count(heldInAll)} target=${heldByState.join(" · ")} isGood />
  </div>`;
}

function Controls({ hours, query: { district, operators = 1 } }) {
  const hoursWords = (one) => say(`hours.${one}`);
  const share = (event) => ask({ operators: event.target.value });
  return html`<div class="choices">
    <label>${say("period")} <${QueryChoice} name="hours" values=${HOURS} words=${hoursWords} chosen=${hours} /></label>
    <label>${say("district")} <${DistrictChoice} chosen=${district} /></label>
    <label>${say("load.operators")} <input type="number" min="1" max="99" value=${operators} onChange=${share} /></label>
  </div>`;
}

export default function LoadPage({ query }) {
  const hours = Number(query.hours) || 24;
  const { district, operators } = query;
  const { data, trouble } = useLoaded(
    () => get("alarms/load", { hours, district, operators }),
    [hours, district, operators],
    EVERY_MS,
  );
  const load = data.value;
  const beside = html`<${AlarmTabs} chosen="load" /><${Controls} hours=${hours} query=${query} />`;
  return html`<${Page} title=${say("page.load")} beside=${beside} className="load-page">
    ${load === null
      ? html`<${Waiting} trouble=${trouble.value} />`
      : html`<${Figures} load=${load} hours=${hours} />
        <div class="cards">
          <${Often} title=${say("load.top")} rows=${load.top} none=${say("load.none")} />
          <${Levels} levels=${load.levels} />
          <${Often} title=${say("load.chattering")} rows=${load.chattering} none=${say("load.none")} />
          <${Often} title=${say("load.fleeting")} rows=${load.fleeting} none=${say("load.none")} />
          <${Floods} load=${load} />
          <${Standing} load=${load} />
        </div>
        <p class="quiet">${say("load.source")}</p>`}
  <//>`;
}
