/** 战时: the mode of each district, the round and how far it is, which sites to look at first and why, and who is there. */
import { useSignal } from "@preact/signals";

import { get, post } from "../core/api.js";
import { city, districtName, modes, now, sites, takeModes, warModes } from "../core/city.js";
import { count, moment } from "../core/format.js";
import { html } from "../core/html.js";
import { useAct, useLoaded } from "../core/loaded.js";
import { href } from "../core/route.js";
import { may } from "../core/session.js";
import { pick, say } from "../core/words.js";
import { actOnCase } from "../parts/case_acts.js";
import { Drill } from "../parts/case_words.js";
import { DistrictChoice, districtOptions, options, QueryChoice } from "../parts/choices.js";
import { ActDialog, Field } from "../parts/dialog.js";
import { Icon, LEVELS } from "../parts/levels.js";
import { Page, Scroll, Unnamed } from "../parts/page.js";
import { unitName } from "../parts/people.js";
import { Trouble, Waiting } from "../parts/trouble.js";

const MODES = ["typhoon", "rain", "watch", "normal"];
const HOURS = [6, 12, 24, 48, 72];
const EVERY_MS = 10_000;
const RANKED = 50;

function Switching({ place, onClose }) {
  const acting = useAct(async ({ hours, is_drill, ...told }) => {
    takeModes([await post("modes", { ...told, hours: Number(hours), is_drill: is_drill === "on" })]);
  }, onClose);
  return html`<${ActDialog} title=${say("mode.switch")} act=${acting} onClose=${onClose}>
    <${Field} label=${say("mode")}>
      <select name="mode">${options(MODES, (mode) => say(`mode.${mode}`))}</select>
    <//>
    <${Field} label=${say("district")}>
      <select name="district"><option value="">${say("whole_city")}</option>${districtOptions(place)}</select>
    <//>
    <${Field} label=${say("mode.warning")}>
      <select name="level">${options(LEVELS.toReversed(), (level) => say(`level.${level}`))}</select>
    <//>
    <${Field} label=${say("reason")} name="reason" required maxlength="2000" placeholder=${say("mode.reason_like")} />
    <${Field} label=${say("mode.hours")}>
      <select name="hours">${options(HOURS, (hours) => say("hours", { count: hours }), 24)}</select>
    <//>
    <label class="tick"><input type="checkbox" name="is_drill" /> ${say("mode.is_drill")}</label>
  <//>`;
}

/** The mode of a place, or the one that it has from the city. */
function Holding({ mode, inherited }) {
  if (mode) {
    const mark = mode.mode !== "normal" && html`<${Icon} level=${mode.level} size=${18} /> `;
    return html`${mark}<b>${say(`mode.${mode.mode}`)}</b> <${Drill} isDrill=${mode.is_drill} />`;
  }
  const words = inherited ? say("mode.as_city", { mode: say(`mode.${inherited.mode}`) }) : say("mode.normal");
  return html`<span class="quiet">${words}</span>`;
}

/** Why, by whom and for how long. */
function Reason({ mode }) {
  const [since, until] = [mode.since, mode.until].map((time) => moment(time, now.value));
  return html`${mode.reason} <small>${mode.actor} · ${since} – ${until}</small>`;
}

/** What holds where: a district's own mode before the city's. */
function Modes() {
  const asked = useSignal(null);
  const standing = [...modes.value.values()].sort((one, other) => one.is_drill - other.is_drill || other.since - one.since);
  const own = (id) => standing.find((mode) => mode.district === id);
  const row = (id, name) => {
    const mode = own(id);
    const isWar = mode && mode.mode !== "normal";
    return html`<tr key=${id} class=${isWar ? "chosen" : ""} data-place=${id || "city"}>
      <th scope="row">${name}</th>
      <td><${Holding} mode=${mode} inherited=${id && own("")} /></td>
      <td>${mode && html`<${Reason} mode=${mode} />`}</td>
      <td>${may("switch_mode") && html`<button class="small" onClick=${() => (asked.value = id)}>${say("mode.switch")}</button>`}</td>
    </tr>`;
  };
  const districts = Object.keys(city.value.districts);
  return html`<section class="card"><h2>${say("mode.title")}</h2>
    <table class="modes"><tbody>
      ${row("", say("whole_city"))}
      ${districts.map((id) => row(id, districtName(id)))}
    </tbody></table>
    ${asked.value !== null && html`<${Switching} place=${asked.value} onClose=${() => (asked.value = null)} />`}
  </section>`;
}

/** One round: progress of the whole and of each district. */
function Task({ mode }) {
  const { data, trouble } = useLoaded(() => get(`cases/${encodeURIComponent(mode.task)}`), [mode.task], EVERY_MS);
  const task = data.value;
  if (!task) return html`<${Waiting} trouble=${trouble.value} />`;
  const ofDistrict = Map.groupBy(task.parts, (part) => sites.value.get(part.site)?.district ?? "");
  return html`<div class="task" data-task=${task.number}>
    <p><a href=${href("cases", task.number)}>${pick(task.title, task.title_en)}</a> <b>${count(task.done)} / ${count(task.members)}</b></p>
    <progress max=${task.members} value=${task.done} aria-label=${say("case.round")}></progress>
    <ul class="progress">${[...ofDistrict].map(([id, parts]) => {
      const done = parts.filter((part) => part.done_ns !== null).length;
      const name = districtName(id);
      return html`<li key=${id}>
        <span>${name}</span>
        <progress max=${parts.length} value=${done} aria-label=${name}></progress>
        <small>${done} / ${parts.length}</small>
      </li>`;
    })}</ul>
  </div>`;
}

function Tasks() {
  const having = warModes.value.filter((mode) => mode.task);
  return html`<section class="card"><h2>${say("typhoon.tasks")}</h2>
    ${having.length === 0
      ? html`<p class="quiet">${say("typhoon.no_task")}</p>`
      : having.map((mode) => html`<${Task} key=${mode.task} mode=${mode} />`)}
  </section>`;
}

function Done({ number, site, onDone }) {
  const finish = async () => actOnCase(await get(`cases/${encodeURIComponent(number)}`), "done", { site, note: "" });
  const { act, isBusy, trouble } = useAct(finish, onDone);
  return html`<button class="small" disabled=${isBusy.value} title=${trouble.value?.message} onClick=${() => act()}>
    ${say("act.done")}
  </button>`;
}

/** What a part of a site's sum is made of. */
function wordsOf(part, row, reasons) {
  const reason = reasons.find((one) => one.key === part.key);
  const found = part.key === "alarm" && part.text ? say(`level.${part.text}`) : part.text;
  return `${pick(reason.zh, reason.en)} ${row.unknown.includes(part.key) ? say("typhoon.unknown") : found}`;
}

/** The sum, drawn as its parts. */
function Parts({ row, reasons }) {
  const most = reasons.reduce((sum, reason) => sum + reason.most, 0);
  const told = row.parts.map((part) => ({ ...part, words: wordsOf(part, row, reasons) }));
  const label = told.map(({ words, points }) => `${words}: ${points.toFixed(0)}`).join(", ");
  return html`<div class="parts-bar" role="img" aria-label=${label}>
    ${told.map(({ key, words, points }, at) => html`<span
      key=${key}
      class=${`part part-${at} ${row.unknown.includes(key) ? "unknown" : ""}`}
      style=${`width:${(points / most) * 100}%`}
      title=${`${words} → ${points.toFixed(1)}`}
    ></span>`)}
  </div>`;
}

function Ranked({ row, place, reasons, onDone }) {
  const site = sites.value.get(row.site);
  const because = row.parts
    .toSorted((one, other) => other.points - one.points)
    .slice(0, 2)
    .map((part) => wordsOf(part, row, reasons));
  const name = site ? pick(site.name, site.name_en) : row.site;
  const owner = row.unit ? unitName(row.unit) : say("case.nobody");
  const canDo = row.is_done === false && may("handle");
  return html`<tr data-ranked=${row.site}>
    <td class="number">${place}</td>
    <th scope="row">
      <a href=${href("sites", row.site)}>${name}</a>
      <small>${site && districtName(site.district)} · ${owner}</small>
    </th>
    <td class="number"><b>${row.score.toFixed(0)}</b></td>
    <td class="sum"><${Parts} row=${row} reasons=${reasons} /><small>${because.join(" · ")}</small></td>
    <td>${row.case && html`<a href=${href("cases", row.case)}>${row.case}</a>`}</td>
    <td>
      ${row.is_done === true && say("part.done.short")}
      ${canDo && html`<${Done} number=${row.task} site=${row.site} onDone=${onDone} />`}
    </td>
  </tr>`;
}

/** What the sum is made of, each part with the most that it can be. */
function Legend({ reasons }) {
  return html`<ul class="legend">${reasons.map((reason, at) => {
    const most = reason.most ? `≤ ${reason.most}` : say("typhoon.unmeasured");
    return html`<li key=${reason.key} title=${reason.source}>
      <i class=${`part part-${at}`}></i>${pick(reason.zh, reason.en)} <small>${most}</small>
    </li>`;
  })}</ul>`;
}

function RankingTable({ found, onDone }) {
  const row = (of, at) =>
    html`<${Ranked} key=${of.site} row=${of} place=${at + 1} reasons=${found.reasons} onDone=${onDone} />`;
  return html`<${Scroll} label=${say("typhoon.ranking")}><table>
    <thead><tr>
      <${Unnamed} label=${say("typhoon.rank")} />
      <th scope="col">${say("column.place")}</th>
      <th scope="col" class="number">${say("typhoon.score")}</th>
      <th scope="col">${say("typhoon.because")}</th>
      <th scope="col">${say("column.case")}</th>
      <${Unnamed} label=${say("act.done")} />
    </tr></thead>
    <tbody>${found.sites.map(row)}</tbody>
  </table><//>`;
}

function Ranking({ query }) {
  const kind = query.kind ?? "billboard";
  const { data, trouble, reload } = useLoaded(
    () => get("ranking", { kind, district: query.district, limit: RANKED }),
    [kind, query.district],
    EVERY_MS,
  );
  const found = data.value;
  const kinds = [...new Set(city.value.sites.map((site) => site.kind))];
  const kindWords = (one) => say(`kind.${one}`);
  return html`<section class="card ranking"><h2>${say("typhoon.ranking")} <b>${found ? count(found.ranked) : ""}</b>
      <span class="choices">
        <${QueryChoice} name="kind" values=${kinds} words=${kindWords} chosen=${kind} aria-label=${say("fact.kind")} />
        <${DistrictChoice} chosen=${query.district} aria-label=${say("district")} />
      </span></h2>
    ${!found
      ? html`<${Waiting} trouble=${trouble.value} />`
      : html`<${Trouble} of=${trouble.value} />
        <${Legend} reasons=${found.reasons} />
        <${RankingTable} found=${found} onDone=${reload} />`}
  </section>`;
}

function Crew({ unit }) {
  const person = unit.people.find((one) => one.id === unit.now?.person);
  return html`<tr>
    <th scope="row">${pick(unit.name, unit.name_en)}</th>
    <td>${person?.name ?? "–"} ${person?.phone && html`<a href=${`tel:${person.phone}`}>${person.phone}</a>`}</td>
    <td class="number">
      <a href=${href("cases", "", { open: "true", unit: unit.id })}>${unit.open_cases}</a>
      ${unit.overdue > 0 && html` <b class="loud">${say("duty.overdue", { count: unit.overdue })}</b>`}
    </td>
    <td class="number">${unit.accepted}</td>
    <td class="number">${unit.arrived}</td>
  </tr>`;
}

function CrewTable({ crews }) {
  return html`<table>
    <thead><tr>
      <th scope="col">${say("duty.unit")}</th>
      <th scope="col">${say("duty.now")}</th>
      <th scope="col" class="number">${say("crew.open")}</th>
      <th scope="col" class="number">${say("crew.accepted")}</th>
      <th scope="col" class="number">${say("crew.arrived")}</th>
    </tr></thead>
    <tbody>${crews.map((unit) => html`<${Crew} key=${unit.id} unit=${unit} />`)}</tbody>
  </table>`;
}

function Crews() {
  const { data, trouble } = useLoaded(() => get("duty", { days: 1 }), [], EVERY_MS);
  const crews = data.value?.units.filter((unit) => unit.now || unit.open_cases > 0);
  return html`<section class="card"><h2>${say("typhoon.crews")}</h2>
    ${!crews && html`<${Waiting} trouble=${trouble.value} />`}
    ${crews?.length === 0 && html`<p class="quiet">${say("duty.how")}</p>`}
    ${crews?.length > 0 && html`<${CrewTable} crews=${crews} />`}
  </section>`;
}

export default function TyphoonPage({ query }) {
  return html`<${Page} title=${say("page.typhoon.title")} className="typhoon-page">
    <div class="columns"><div><${Ranking} query=${query} /></div><div><${Modes} /><${Tasks} /><${Crews} /></div></div>
  <//>`;
}
