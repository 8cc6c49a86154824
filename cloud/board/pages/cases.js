/** A list of cases: the open ones, those of a filter, or those that a figure of the assessment counts. */
import { useEffect, useRef } from "preact/hooks";
import { useSignal } from "@preact/signals";

import { getPage, isExpected, Problem } from "../core/api.js";
import { cases as openNow, withTimes } from "../core/city.js";
import { count, dateTime } from "../core/format.js";
import { useFrozenOrder } from "../core/frozen.js";
import { html } from "../core/html.js";
import { useAct } from "../core/loaded.js";
import { ask, href } from "../core/route.js";
import { may } from "../core/session.js";
import { say } from "../core/words.js";
import { actOnCase, UnitChoice } from "../parts/case_acts.js";
import { caseMatter, caseTitle, Drill, ownerOf, STAGES } from "../parts/case_words.js";
import { DistrictChoice, QueryChoice } from "../parts/choices.js";
import { ActDialog, Field } from "../parts/dialog.js";
import { FileCase } from "../parts/file_case.js";
import { Icon, LEVELS } from "../parts/levels.js";
import { Heads, Page, Scroll, Unnamed } from "../parts/page.js";
import { Deadline } from "../parts/timers.js";
import { Trouble, troubleWords } from "../parts/trouble.js";

const COLUMNS = ["level", "number", "case", "stage", "owner", "due", "opened"];
const NUMBERS = new Set(["due", "opened"]);
const FILTERS = ["open", "overdue", "stage", "level", "kind", "district", "unit", "code", "site", "source", "street", "outcome"];
const CHOICES = new Set(["open", "level", "stage", "district"]); // those that can be chosen here; the rest come by a link
const NEWS_MS = 2_000;
const [PAGE, AT_ONCE] = [100, 1_000]; // cases asked for first, and those that the API gives at most

/** The list of a query, some at once; all that is shown is asked for anew when an open case changes. */
function useCases(query) {
  const items = useSignal(null);
  const next = useSignal(null);
  const trouble = useSignal(null);
  const address = query.figure ? "evaluation/cases" : "cases";
  const told = { ...(query.figure || query.open || query.outcome || query.stage ? {} : { open: "true" }), ...query };
  const turn = useRef(0);
  const load = async (after, limit = PAGE) => {
    const mine = (turn.current += 1);
    try {
      const page = await getPage(address, { ...told, after, limit });
      if (mine !== turn.current) return;
      items.value = [...(after ? items.value : []), ...page.items.map((item) => withTimes("case", item))];
      next.value = page.next;
      trouble.value = null;
    } catch (error) {
      if (!isExpected(error)) throw error;
      if (mine === turn.current) trouble.value = error;
    }
  };
  const key = JSON.stringify(told);
  useEffect(() => {
    items.value = null;
    load();
  }, [key]);
  useEffect(() => {
    const again = () => items.value && load("", Math.min(Math.max(PAGE, items.value.length), AT_ONCE));
    const timer = setTimeout(again, NEWS_MS);
    return () => clearTimeout(timer);
  }, [openNow.value]);
  return { items, next, trouble, load };
}

function Row({ item, isChosen, onChoose }) {
  const members = item.members > 1 && ` · ${say("case.members", { count: item.members })}`;
  const choose = say("choose", { what: item.number });
  return html`<tr data-case=${item.number}>
    <td><input type="checkbox" checked=${isChosen} aria-label=${choose} onChange=${() => onChoose(item.number)} /></td>
    <td class="level"><${Icon} level=${item.level} /> ${say(`level.${item.level}`)}</td>
    <td><a href=${href("cases", item.number)}>${item.number}</a></td>
    <td><${Drill} isDrill=${item.is_drill} /><b>${caseTitle(item)}</b> <small>${caseMatter(item)}${members}</small></td>
    <td>${item.closed === null ? say(`stage.${item.stage}`) : say(`outcome.${item.outcome}`)}</td>
    <td>${ownerOf(item)}</td>
    <td class="number">${item.closed === null ? html`<${Deadline} item=${item} />` : dateTime(item.closed)}</td>
    <td class="number">${dateTime(item.opened)}</td>
  </tr>`;
}

function Choice({ name, values, chosen, words }) {
  return html`<label>
    ${say(`filter.${name}`)} <${QueryChoice} name=${name} values=${values} words=${words} chosen=${chosen} none=${say("any")} />
  </label>`;
}

/** A part of the query that has no choice here, to be taken away. */
function Tag({ name, value }) {
  return html`<button class="tag" onClick=${() => ask({ [name]: "" })}>${say(`filter.${name}`)} ${value} ×</button>`;
}

function Filters({ query }) {
  const { figure, from = "", to = "", open = "true" } = query;
  const others = FILTERS.filter((name) => !CHOICES.has(name) && query[name]);
  const openWords = (value) => say(`filter.open.${value}`);
  const levelWords = (value) => say(`level.${value}`);
  const stageWords = (value) => say(`stage.${value}`);
  return html`<div class="choices">
    ${figure && html`<span class="tag">${say("cases.behind", { figure, from, to })}</span>`}
    ${!figure && html`<${Choice} name="open" values=${["true", "false"]} chosen=${open} words=${openWords} />`}
    <${Choice} name="level" values=${LEVELS} chosen=${query.level} words=${levelWords} />
    ${!figure && html`<${Choice} name="stage" values=${STAGES} chosen=${query.stage} words=${stageWords} />`}
    <label>${say("filter.district")} <${DistrictChoice} chosen=${query.district} none=${say("any")} /></label>
    ${others.map((name) => html`<${Tag} name=${name} value=${query[name]} />`)}
  </div>`;
}

/** Gives every chosen case to one unit, as they were chosen; each that cannot be given is named with its reason. */
function Dispatching({ items, onClose }) {
  const left = useRef(items);
  const acting = useAct(async (fields) => {
    const refused = [];
    for (const item of left.current) {
      try {
        await actOnCase(item, "dispatch", fields);
      } catch (error) {
        if (!isExpected(error)) throw error;
        refused.push([item, error]);
      }
    }
    left.current = refused.map(([item]) => item);
    if (refused.length === 0) return;
    const detail = refused.map(([{ number }, error]) => `${number}: ${troubleWords(error)}`).join(" · ");
    throw new Problem(409, { detail, code: refused[0][1].code, fix: say("alarms.refused", { count: refused.length }) });
  }, onClose);
  const title = say("cases.dispatch", { count: left.current.length });
  return html`<${ActDialog} title=${title} confirm=${say("act.dispatch")} act=${acting} onClose=${onClose}>
    <${Field} label=${say("field.unit")}><${UnitChoice} required /><//>
    <${Field} label=${say("field.note.optional")} name="note" maxlength="2000" />
  <//>`;
}

export default function CasesPage({ query }) {
  const { items, next, trouble, load } = useCases(query);
  const picked = useSignal(new Set());
  const asked = useSignal("");
  const found = items.value ?? [];
  const [rows, handlers] = useFrozenOrder(found, (item) => item.number);
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
  const row = (item) =>
    html`<${Row} key=${item.number} item=${item} isChosen=${picked.value.has(item.number)} onChoose=${toggle} />`;
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
    html`<${Scroll} label=${say("page.cases")}><table ...${handlers}>
      <thead><tr>
        <${Unnamed} label=${say("choose.all")} />
        <${Heads} names=${COLUMNS} numbers=${NUMBERS} />
      </tr></thead>
      <tbody>${rows.map(row)}</tbody>
    </table><//>`}
    ${next.value !== null && html`<button class="more" onClick=${() => load(next.value)}>${say("more")}</button>`}
  <//>`;
}
