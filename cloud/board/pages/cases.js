/** A list of cases: the open ones, those of a filter, or those that a figure of the assessment counts. */
import { useEffect } from "preact/hooks";
import { useSignal } from "@preact/signals";

import { getPage, isExpected } from "../core/api.js";
import { cases as openNow, city, districtName, withTimes } from "../core/city.js";
import { count, dateTime } from "../core/format.js";
import { html } from "../core/html.js";
import { useAct } from "../core/loaded.js";
import { ask, href } from "../core/route.js";
import { may } from "../core/session.js";
import { say } from "../core/words.js";
import { actOnCase, UnitChoice } from "../parts/case_acts.js";
import { caseMatter, caseTitle, Drill, ownerOf, STAGES } from "../parts/case_words.js";
import { ActDialog, Field } from "../parts/dialog.js";
import { FileCase } from "../parts/file_case.js";
import { Icon, LEVELS } from "../parts/levels.js";
import { Page, Scroll, Unnamed } from "../parts/page.js";
import { Deadline } from "../parts/timers.js";
import { Trouble } from "../parts/trouble.js";

const COLUMNS = ["level", "number", "case", "stage", "owner", "due", "opened"];
const NUMBERS = new Set(["due", "opened"]);
const FILTERS = ["open", "overdue", "stage", "level", "kind", "district", "unit", "code", "site", "source", "street", "outcome"];
const NEWS_MS = 2_000;

/** The list of a query, some at once; asked anew when an open case changes. */
function useCases(query) {
  const items = useSignal(null);
  const next = useSignal(null);
  const trouble = useSignal(null);
  const address = query.figure ? "evaluation/cases" : "cases";
  const told = { ...(query.figure || query.open || query.outcome || query.stage ? {} : { open: "true" }), ...query };
  const load = async (after) => {
    try {
      const page = await getPage(address, { ...told, after });
      items.value = [...(after ? items.value : []), ...page.items.map((item) => withTimes("case", item))];
      next.value = page.next;
      trouble.value = null;
    } catch (error) {
      if (!isExpected(error)) throw error;
      trouble.value = error;
    }
  };
  const key = JSON.stringify(told);
  useEffect(() => {
    items.value = null;
    load();
  }, [key]);
  useEffect(() => {
    const timer = setTimeout(() => next.value === null && items.value && load(), NEWS_MS);
    return () => clearTimeout(timer);
  }, [openNow.value]);
  return { items, next, trouble, load };
}

function Row({ item, isChosen, onChoose }) {
  return html`<tr data-case=${item.number}>
    <td><input type="checkbox" checked=${isChosen} aria-label=${say("choose", { what: item.number })} onChange=${() => onChoose(item.number)} /></td>
    <td class="level"><${Icon} level=${item.level} /> ${say(`level.${item.level}`)}</td>
    <td><a href=${href("cases", item.number)}>${item.number}</a></td>
    <td><${Drill} isDrill=${item.is_drill} /><b>${caseTitle(item)}</b> <small>${caseMatter(item)}${item.members > 1 && ` · ${say("case.members", { count: item.members })}`}</small></td>
    <td>${item.closed === null ? say(`stage.${item.stage}`) : say(`outcome.${item.outcome}`)}</td>
    <td>${ownerOf(item)}</td>
    <td class="number">${item.closed === null ? html`<${Deadline} item=${item} />` : dateTime(item.closed)}</td>
    <td class="number">${dateTime(item.opened)}</td>
  </tr>`;
}

function Choice({ name, values, chosen, words }) {
  return html`<label>${say(`filter.${name}`)} <select onChange=${(event) => ask({ [name]: event.target.value })}>
    <option value="">${say("any")}</option>${values.map((value) => html`<option key=${value} value=${value} selected=${value === chosen}>${words(value)}</option>`)}
  </select></label>`;
}

function Filters({ query }) {
  const shown = query.figure ? "figure" : (query.open ?? "true");
  return html`<div class="choices">
    ${query.figure && html`<span class="tag">${say("cases.behind", { figure: query.figure, from: query.from ?? "", to: query.to ?? "" })}</span>`}
    ${!query.figure && html`<${Choice} name="open" values=${["true", "false"]} chosen=${shown} words=${(value) => say(`filter.open.${value}`)} />`}
    <${Choice} name="level" values=${LEVELS} chosen=${query.level} words=${(value) => say(`level.${value}`)} />
    ${!query.figure && html`<${Choice} name="stage" values=${STAGES} chosen=${query.stage} words=${(value) => say(`stage.${value}`)} />`}
    <${Choice} name="district" values=${Object.keys(city.value.districts)} chosen=${query.district} words=${districtName} />
    ${FILTERS.filter((name) => !["open", "level", "stage", "district"].includes(name) && query[name]).map((name) => html`<button class="tag" onClick=${() => ask({ [name]: "" })}>${say(`filter.${name}`)} ${query[name]} ×</button>`)}
  </div>`;
}

/** Gives every chosen case to one unit; each that cannot be is named with its reason. */
function Dispatching({ items, onClose }) {
  const acting = useAct(async (fields) => {
    for (const item of items) await actOnCase(item, "dispatch", fields);
  }, onClose);
  return html`<${ActDialog} title=${say("cases.dispatch", { count: items.length })} confirm=${say("act.dispatch")} act=${acting} onClose=${onClose}>
    <${Field} label=${say("field.unit")}><${UnitChoice} required /><//>
    <${Field} label=${say("field.note.optional")} name="note" maxlength="2000" />
  <//>`;
}

export default function CasesPage({ query }) {
  const { items, next, trouble, load } = useCases(query);
  const picked = useSignal(new Set());
  const asked = useSignal("");
  const found = items.value ?? [];
  const chosen = found.filter((item) => picked.value.has(item.number));
  const toggle = (number) => {
    const after = new Set(picked.value);
    if (!after.delete(number)) after.add(number);
    picked.value = after;
  };
  const close = () => {
    asked.value = "";
    picked.value = new Set();
    load();
  };
  const canDispatch = chosen.length > 0 && chosen.every((item) => item.can.includes("dispatch"));
  return html`<${Page} title=${say("page.cases")} className="cases-page" beside=${html`<${Filters} query=${query} />`}>
    <div class="bar" role="group" aria-label=${say("cases.acts")}>
      <span>${say("cases.shown", { count: count(found.length) })}${next.value !== null && "+"}</span>
      <button class="small" disabled=${!canDispatch} onClick=${() => (asked.value = "dispatch")}>${say("act.dispatch")}</button>
      ${may("file_cases") && html`<button class="small" onClick=${() => (asked.value = "file")}>${say("cases.file")}</button>`}
    </div>
    ${asked.value === "dispatch" && html`<${Dispatching} items=${chosen} onClose=${close} />`}
    ${asked.value === "file" && html`<${FileCase} onClose=${close} />`}
    <${Trouble} of=${trouble.value} />
    ${items.value !== null && found.length === 0 && html`<p class="quiet">${say("cases.none")}</p>`}
    ${found.length > 0 &&
    html`<${Scroll} label=${say("page.cases")}><table>
      <thead><tr><${Unnamed} label=${say("choose.all")} />${COLUMNS.map((name) => html`<th key=${name} scope="col" class=${NUMBERS.has(name) ? "number" : ""}>${say(`column.${name}`)}</th>`)}</tr></thead>
      <tbody>${found.map((item) => html`<${Row} key=${item.number} item=${item} isChosen=${picked.value.has(item.number)} onChoose=${toggle} />`)}</tbody>
    </table><//>`}
    ${next.value !== null && html`<button class="more" onClick=${() => load(next.value)}>${say("more")}</button>`}
  <//>`;
}
