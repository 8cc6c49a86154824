/** 战时: the mode of each district, the round and how far it is, which sites to look at first and why, and who is there. */
import { useComputed, useSignal } from "@preact/signals";

import { get, post } from "../core/api.js";
import { city, districtName, modes, sites, takeModes, warModes } from "../core/city.js";
import { clockTime, count, dateTime } from "../core/format.js";
import { html } from "../core/html.js";
import { useAct, useLoaded } from "../core/loaded.js";
import { ask, href } from "../core/route.js";
import { may } from "../core/session.js";
import { language, pick, say } from "../core/words.js";
import { actOnCase } from "../parts/case_acts.js";
import { Drill } from "../parts/case_words.js";
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
  const acting = useAct(async ({ hours, is_drill, ...told }) => takeModes([await post("modes", { ...told, hours: Number(hours), is_drill: is_drill === "on" })]), onClose);
  return html`<${ActDialog} title=${say("mode.switch")} act=${acting} onClose=${onClose}>
    <${Field} label=${say("mode")}><select name="mode">${MODES.map((mode) => html`<option value=${mode}>${say(`mode.${mode}`)}</option>`)}</select><//>
    <${Field} label=${say("district")}><select name="district"><option value="">${say("whole_city")}</option>${Object.keys(city.value.districts).map((id) => html`<option value=${id} selected=${id === place}>${districtName(id)}</option>`)}</select><//>
    <${Field} label=${say("mode.warning")}><select name="level">${LEVELS.toReversed().map((level) => html`<option value=${level}>${say(`level.${level}`)}</option>`)}</select><//>
    <${Field} label=${say("reason")} name="reason" required maxlength="2000" placeholder=${say("mode.reason_like")} />
    <${Field} label=${say("mode.hours")}><select name="hours">${HOURS.map((hours) => html`<option value=${hours} selected=${hours === 24}>${say("hours", { count: hours })}</option>`)}</select><//>
    <label class="tick"><input type="checkbox" name="is_drill" /> ${say("mode.is_drill")}</label>
  <//>`;
}

/** What holds where: a district's own mode before the city's. */
function Modes() {
  const asked = useSignal(null);
  const standing = [...modes.value.values()].sort((one, other) => one.is_drill - other.is_drill || other.since - one.since);
  const own = (id) => standing.find((mode) => mode.district === id);
  const row = (id, name) => {
    const mode = own(id);
    const inherited = id && !mode ? own("") : null;
    return html`<tr key=${id} class=${mode && mode.mode !== "normal" ? "chosen" : ""} data-place=${id || "city"}><th scope="row">${name}</th>
      <td>${mode ? html`${mode.mode !== "normal" && html`<${Icon} level=${mode.level} size=${18} /> `}<b>${say(`mode.${mode.mode}`)}</b> <${Drill} isDrill=${mode.is_drill} />` : inherited ? html`<span class="quiet">${say("mode.as_city", { mode: say(`mode.${inherited.mode}`) })}</span>` : html`<span class="quiet">${say("mode.normal")}</span>`}</td>
      <td>${mode && html`${mode.reason} <small>${mode.actor} · ${clockTime(mode.since).slice(0, 5)}–${dateTime(mode.until)}</small>`}</td>
      <td>${may("switch_mode") && html`<button class="small" onClick=${() => (asked.value = id)}>${say("mode.switch")}</button>`}</td></tr>`;
  };
  return html`<section class="card"><h2>${say("mode.title")}</h2>
    <table class="modes"><tbody>${row("", say("whole_city"))}${Object.keys(city.value.districts).map((id) => row(id, districtName(id)))}</tbody></table>
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
      return html`<li key=${id}><span>${districtName(id)}</span><progress max=${parts.length} value=${done} aria-label=${districtName(id)}></progress><small>${done} / ${parts.length}</small></li>`;
    })}</ul>
  </div>`;
}

function Tasks() {
  const having = warModes.value.filter((mode) => mode.task);
  return html`<section class="card"><h2>${say("typhoon.tasks")}</h2>
    ${having.length === 0 ? html`<p class="quiet">${say("typhoon.no_task")}</p>` : having.map((mode) => html`<${Task} key=${mode.task} mode=${mode} />`)}</section>`;
}

function Done({ number, site, onDone }) {
  const acting = useAct(async () => actOnCase(await get(`cases/${encodeURIComponent(number)}`), "done", { site, note: "" }), onDone);
  return html`<button class="small" disabled=${acting.isBusy.value} title=${acting.trouble.value?.message} onClick=${() => acting.act()}>${say("act.done")}</button>`;
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
  return html`<div class="parts-bar" role="img" aria-label=${row.parts.map((part) => `${wordsOf(part, row, reasons)}: ${part.points.toFixed(0)}`).join(", ")}>
    ${row.parts.map((part, at) => html`<span key=${part.key} class=${`part part-${at} ${row.unknown.includes(part.key) ? "unknown" : ""}`}
      style=${`width:${(part.points / most) * 100}%`} title=${`${wordsOf(part, row, reasons)} → ${part.points.toFixed(1)}`}></span>`)}
  </div>`;
}

function Ranked({ row, place, reasons, task, onDone }) {
  const site = sites.value.get(row.site);
  const because = row.parts
    .toSorted((one, other) => other.points - one.points)
    .slice(0, 2)
    .map((part) => wordsOf(part, row, reasons));
  return html`<tr data-ranked=${row.site}><td class="number">${place}</td>
    <th scope="row"><a href=${href("sites", row.site)}>${site ? pick(site.name, site.name_en) : row.site}</a><small>${site && districtName(site.district)} · ${row.unit ? unitName(row.unit, language.value) : say("case.nobody")}</small></th>
    <td class="number"><b>${row.score.toFixed(0)}</b></td><td class="sum"><${Parts} row=${row} reasons=${reasons} /><small>${because.join(" · ")}</small></td>
    <td>${row.case && html`<a href=${href("cases", row.case)}>${row.case}</a>`}</td>
    <td>${row.is_done === true ? say("part.done.short") : row.is_done === false && task && may("handle") ? html`<${Done} number=${task} site=${row.site} onDone=${onDone} />` : ""}</td></tr>`;
}

function Ranking({ query }) {
  const kind = query.kind ?? "billboard";
  const { data, trouble, reload } = useLoaded(() => get("ranking", { kind, district: query.district, limit: RANKED }), [kind, query.district], EVERY_MS);
  const task = useComputed(() => warModes.value.find((mode) => mode.task)?.task);
  const found = data.value;
  const kinds = [...new Set(city.value.sites.map((site) => site.kind))];
  return html`<section class="card ranking"><h2>${say("typhoon.ranking")} <b>${found ? count(found.ranked) : ""}</b>
      <span class="choices"><select aria-label=${say("fact.kind")} onChange=${(event) => ask({ kind: event.target.value })}>${kinds.map((one) => html`<option value=${one} selected=${one === kind}>${say(`kind.${one}`)}</option>`)}</select>
      <select aria-label=${say("district")} onChange=${(event) => ask({ district: event.target.value })}><option value="">${say("whole_city")}</option>${Object.keys(city.value.districts).map((id) => html`<option value=${id} selected=${id === query.district}>${districtName(id)}</option>`)}</select></span></h2>
    ${!found
      ? html`<${Waiting} trouble=${trouble.value} />`
      : html`<${Trouble} of=${trouble.value} />
        <ul class="legend">${found.reasons.map((reason, at) => html`<li key=${reason.key} title=${reason.source}><i class=${`part part-${at}`}></i>${pick(reason.zh, reason.en)} <small>${reason.most ? `≤ ${reason.most}` : say("typhoon.unmeasured")}</small></li>`)}</ul>
        <${Scroll} label=${say("typhoon.ranking")}><table><thead><tr><${Unnamed} label=${say("typhoon.rank")} /><th scope="col">${say("column.place")}</th><th scope="col" class="number">${say("typhoon.score")}</th><th scope="col">${say("typhoon.because")}</th><th scope="col">${say("column.case")}</th><${Unnamed} label=${say("act.done")} /></tr></thead>
          <tbody>${found.sites.map((row, at) => html`<${Ranked} key=${row.site} row=${row} place=${at + 1} reasons=${found.reasons} task=${task.value} onDone=${reload} />`)}</tbody></table><//>`}
  </section>`;
}

function Crews() {
  const { data, trouble } = useLoaded(() => get("duty", { days: 1 }), [], EVERY_MS);
  const crews = data.value?.units.filter((unit) => unit.now || unit.open_cases > 0);
  return html`<section class="card"><h2>${say("typhoon.crews")}</h2>
    ${!crews
      ? html`<${Waiting} trouble=${trouble.value} />`
      : crews.length === 0
        ? html`<p class="quiet">${say("duty.how")}</p>`
        : html`<table><thead><tr><th scope="col">${say("duty.unit")}</th><th scope="col">${say("duty.now")}</th><th scope="col" class="number">${say("crew.open")}</th><th scope="col" class="number">${say("crew.accepted")}</th><th scope="col" class="number">${say("crew.arrived")}</th></tr></thead>
          <tbody>${crews.map((unit) => {
            const person = unit.people.find((one) => one.id === unit.now?.person);
            return html`<tr key=${unit.id}><th scope="row">${pick(unit.name, unit.name_en)}</th><td>${person?.name ?? "–"} ${person?.phone && html`<a href=${`tel:${person.phone}`}>${person.phone}</a>`}</td>
              <td class="number"><a href=${href("cases", "", { open: "true", unit: unit.id })}>${unit.open_cases}</a>${unit.overdue > 0 && html` <b class="loud">${say("duty.overdue", { count: unit.overdue })}</b>`}</td><td class="number">${unit.accepted}</td><td class="number">${unit.arrived}</td></tr>`;
          })}</tbody></table>`}</section>`;
}

export default function TyphoonPage({ query }) {
  return html`<${Page} title=${say("page.typhoon.title")} className="typhoon-page">
    <div class="columns"><div><${Ranking} query=${query} /></div><div><${Modes} /><${Tasks} /><${Crews} /></div></div>
  <//>`;
}
