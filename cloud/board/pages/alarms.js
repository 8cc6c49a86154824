/** Every alarm that is not normal, as a table to work through: choose some, acknowledge, shelve, take out, put back. */
import { useSignal } from "@preact/signals";

import { districtName, heldAlarms, isNew, listedAlarms } from "../core/city.js";
import { count, dateTime } from "../core/format.js";
import { useFrozenOrder } from "../core/frozen.js";
import { html } from "../core/html.js";
import { href } from "../core/route.js";
import { district, isInScope } from "../core/scope.js";
import { say } from "../core/words.js";
import { More } from "../parts/alarm_acts.js";
import { levelWords, placeOf, State, What } from "../parts/alarm_words.js";
import { Icon } from "../parts/levels.js";
import { Heads, Page, Scroll, Tabs } from "../parts/page.js";
import { Since } from "../parts/timers.js";

const DRAWN = 300; // rows at once; what is acknowledged makes room for the rest
const VIEWS = ["new", "listed", "held"];
const ACTS = { new: ["acknowledge", "shelve", "take_out"], listed: ["acknowledge", "shelve", "take_out"], held: ["unshelve", "put_back"] };

export function AlarmTabs({ chosen }) {
  const views = VIEWS.map((view) => [view, say(`alarms.view.${view}`), href("alarms", "", { view })]);
  const tabs = [...views, ["load", say("page.load"), href("load")]];
  return html`<${Tabs} label=${say("page.alarms")} tabs=${tabs} chosen=${chosen} />`;
}

function Row({ alarm, isChosen, onChoose }) {
  const words = `${levelWords(alarm)} ${placeOf(alarm)}`;
  const place = alarm.site ? href("sites", alarm.site) : href("fleet", "", { box: alarm.sensor });
  return html`<tr data-alarm=${alarm.id} data-state=${alarm.state} class=${isNew(alarm) ? "new" : ""}>
    <td><input type="checkbox" checked=${isChosen} aria-label=${say("choose", { what: words })} onChange=${() => onChoose(alarm.id)} /></td>
    <td class="level"><${Icon} level=${alarm.level} isFault=${alarm.limit === null} /> ${levelWords(alarm)}</td>
    <td><${State} alarm=${alarm} />${alarm.shelved_until && html` <small>${say("until", { time: dateTime(alarm.shelved_until) })}</small>`}</td>
    <td><a href=${place}>${placeOf(alarm)}</a> <small>${districtName(alarm.district)}</small></td>
    <td><${What} alarm=${alarm} /></td>
    <td class="number">${dateTime(alarm.since)}</td>
    <td class="number"><${Since} time=${alarm.since} /></td>
    <td class="number">${alarm.raised}</td>
    <td>${alarm.case && html`<a href=${href("cases", alarm.case)}>${alarm.case}</a>`}</td>
    <td class="remark">${alarm.note}</td>
  </tr>`;
}

const COLUMNS = ["level", "state", "place", "what", "since", "age", "raised", "case", "note"];
const NUMBERS = new Set(["since", "age", "raised"]);

/** One view of the alarms; what is chosen in it is chosen in no other. */
function Table({ view }) {
  const picked = useSignal(new Set());
  const found = view === "held" ? heldAlarms.value : listedAlarms.value;
  const alarms = (view === "new" ? found.filter(isNew) : found).filter(isInScope);
  const [drawn, handlers, isFrozen] = useFrozenOrder(alarms, (alarm) => alarm.id, DRAWN);
  const ids = alarms.map((alarm) => alarm.id).filter((id) => picked.value.has(id));
  const toggle = (id) => {
    const next = new Set(picked.value);
    if (!next.delete(id)) next.add(id);
    picked.value = next;
  };
  const toggleAll = () => (picked.value = new Set(ids.length === alarms.length ? [] : alarms.map((alarm) => alarm.id)));
  const row = (alarm) =>
    html`<${Row} key=${alarm.id} alarm=${alarm} isChosen=${picked.value.has(alarm.id)} onChoose=${toggle} />`;
  return html`<div class="bar" role="group" aria-label=${say("alarms.acts")}>
      <span>${say("alarms.chosen", { count: count(ids.length) })} / ${count(alarms.length)}</span>
      <${More} ids=${ids} kinds=${ACTS[view]} onDone=${() => (picked.value = new Set())} />
      <small>${isFrozen && say("alarms.frozen")} ${district.value && say("scope.only", { name: districtName(district.value) })}</small>
    </div>
    ${alarms.length === 0
      ? html`<p class="quiet">${say(`alarms.none.${view}`)}</p>`
      : html`<${Scroll} label=${say("page.alarms")}><table ...${handlers}>
          <thead><tr>
            <th><input type="checkbox" checked=${ids.length === alarms.length} aria-label=${say("choose.all")} onChange=${toggleAll} /></th>
            <${Heads} names=${COLUMNS} numbers=${NUMBERS} />
          </tr></thead>
          <tbody>${drawn.map(row)}</tbody>
        </table><//>`}
    ${alarms.length > drawn.length && html`<p class="quiet">${say("rest", { count: count(alarms.length - drawn.length) })}</p>`}`;
}

export default function AlarmsPage({ query }) {
  const view = VIEWS.includes(query.view) ? query.view : "new";
  return html`<${Page} title=${say("page.alarms")} className="alarms-page" beside=${html`<${AlarmTabs} chosen=${view} />`}>
    <${Table} key=${view} view=${view} />
  <//>`;
}
