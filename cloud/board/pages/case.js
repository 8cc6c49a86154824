/** One case: where it stands, whose it is, how much time is left, what can be done, and all that was done. */
import { useComputed } from "@preact/signals";
import { useEffect } from "preact/hooks";

import { addressOf, get, postPhoto } from "../core/api.js";
import { alarms, cases, districtName, quantities, sites, withTimes } from "../core/city.js";
import { amount, dateTime, dateTimeNs } from "../core/format.js";
import { html } from "../core/html.js";
import { useAct, useLoaded } from "../core/loaded.js";
import { href } from "../core/route.js";
import { may } from "../core/session.js";
import { pick, say, sayOr } from "../core/words.js";
import { CaseActs } from "../parts/case_acts.js";
import { caseTitle, Drill, ownerOf, Stages } from "../parts/case_words.js";
import { Evidence } from "../parts/evidence.js";
import { Fact, Position } from "../parts/facts.js";
import { Icon } from "../parts/levels.js";
import { Page, PrintButton, Scroll } from "../parts/page.js";
import { Deadline, Since } from "../parts/timers.js";
import { Trouble, Waiting } from "../parts/trouble.js";

/** How often it climbed, came back and was given more time. */
function countsOf(item) {
  const told = [
    item.climbed && say("case.climbed", { count: item.climbed }),
    item.reworked && say("case.reworked", { count: item.reworked }),
    item.extended && say("case.extended", { count: item.extended }),
  ];
  return told.filter(Boolean).join(" · ");
}

/** As another system knows it. */
function Elsewhere({ of: { system, number, state, conflict } }) {
  const warning = conflict && html`<b class="loud">${say("case.conflict")} ${conflict}</b>`;
  return html`<${Fact} name="elsewhere">${system} ${number} ${state} ${warning}<//>`;
}

function Facts({ item }) {
  const site = sites.value.get(item.site);
  const place = [districtName(item.district), item.street].filter(Boolean).join(" ") || say("whole_city");
  return html`<dl class="facts">
    <${Fact} name="owner">${ownerOf(item)}<//>
    <${Fact} name="place">${site ? html`<a href=${href("sites", item.site)}>${pick(site.name, site.name_en)}</a> ` : ""}${place}<//>
    <${Fact} name="position">${item.longitude !== null && html`<${Position} of=${item} />`}<//>
    <${Fact} name="code">${item.code && `${item.code_class} ${item.code}`}<//>
    <${Fact} name="source">${sayOr(`source.${item.source}`, item.source)}<//>
    <${Fact} name="opened">${dateTime(item.opened)}<//>
    <${Fact} name="due">${item.due !== null && dateTime(item.due)}<//>
    <${Fact} name="accepted">${item.accepted !== null && dateTime(item.accepted)}<//>
    <${Fact} name="arrived">${item.arrived !== null && dateTime(item.arrived)}<//>
    <${Fact} name="closed">${item.closed !== null && `${dateTime(item.closed)} · ${say(`outcome.${item.outcome}`)}`}<//>
    <${Fact} name="related">${item.related && html`<a href=${href("cases", item.related)}>${item.related}</a>`}<//>
    <${Fact} name="counts">${countsOf(item)}<//>
    ${item.refs.map((ref) => html`<${Elsewhere} of=${ref} />`)}
  </dl>`;
}

function Part({ part, isOpen }) {
  const site = sites.value.get(part.site);
  const isDone = part.done_ns !== null;
  const hasLeft = part.until_ns !== null && isOpen;
  const state = isDone ? say("part.done", { by: part.done_by }) : hasLeft ? say("part.left") : "";
  return html`<li class=${isDone ? "done" : ""}>
    ${part.is_alarm && html`<${Icon} level=${part.level} size=${16} />`}
    <a href=${href("sites", part.site)}>${site ? pick(site.name, site.name_en) : part.member}</a>${" "}
    <small>${part.is_alarm ? part.member : part.site} ${state} ${part.note}</small>
  </li>`;
}

function Parts({ item }) {
  const isTask = item.kind === "special_task";
  if (!isTask && item.parts.length < 2) return null;
  const words = isTask ? say("case.round") : say("case.parts");
  const row = (part) => html`<${Part} key=${part.member} part=${part} isOpen=${item.closed === null} />`;
  return html`<section class="card"><h2>${words} <b>${isTask ? `${item.done} / ${item.members}` : item.members}</b></h2>
    ${isTask && html`<progress max=${item.members} value=${item.done} aria-label=${words}></progress>`}
    <${Scroll} label=${say("case.parts")} className="parts"><ul>${item.parts.map(row)}</ul><//>
  </section>`;
}

function Photo({ photo, number }) {
  const address = addressOf(`cases/${encodeURIComponent(number)}/photos/${photo.hash}`);
  const words = `${dateTimeNs(photo.taken_ns ?? photo.added_ns)} · ${photo.added_by}`;
  const alt = say("case.photo", { words });
  return html`<a href=${address} target="_blank" rel="noopener">
    <img src=${address} width=${photo.width} height=${photo.height} loading="lazy" alt=${alt} />
    <small>${words}</small>
  </a>`;
}

/** The files that were chosen; the same may be chosen again, when they did not come through. */
function takenFrom(input) {
  const files = [...input.files];
  input.value = "";
  return files;
}

function Photos({ item, onDone }) {
  const adding = useAct(async (files) => {
    for (const file of files) await postPhoto(item.number, file);
  }, onDone);
  const canAdd = item.closed === null && may("file_cases");
  const add = (event) => adding.act(takenFrom(event.target));
  return html`<section class="card"><h2>${say("case.photos")} <b>${item.photos.length}</b></h2>
    <div class="photos">
      ${item.photos.map((photo) => html`<${Photo} key=${photo.hash} photo=${photo} number=${item.number} />`)}
      ${canAdd && html`<label class="add">
        <span>${adding.isBusy.value ? say("photo.sending") : say("photo.add")}</span>
        <input type="file" multiple accept="image/jpeg,image/png,image/webp" onChange=${add} />
      </label>`}
    </div><${Trouble} of=${adding.trouble.value} /></section>`;
}

function Line({ line }) {
  const act = sayOr(`act.${line.act}`, sayOr(`change.${line.act}`, line.act));
  const actor = line.actor === "egret" ? say("actor.egret") : line.actor;
  return html`<li>
    <time>${dateTimeNs(line.time_ns)}</time> <b>${act}</b>
    <small>${actor} · ${say(`stage.${line.stage}`)}</small>
    ${line.note && html`<p>${line.note}</p>`}
  </li>`;
}

function Log({ lines }) {
  return html`<section class="card log"><h2>${say("case.log")}</h2>
    <ol>${lines.toReversed().map((line, at) => html`<${Line} key=${lines.length - at} line=${line} />`)}</ol>
  </section>`;
}

/** What its sensor says now: nobody closes a case against the sensor without saying why. */
function SensorNow({ item }) {
  const found = useComputed(() => alarms.value.get(item.alarm));
  if (!item.alarm) return null;
  const alarm = found.value;
  if (!alarm) return html`<p class="sensor-now">${say("case.sensor_quiet")}</p>`;
  const value = amount(alarm.value, quantities.value.get(alarm.quantity));
  return html`<p class="sensor-now loud">
    <${Icon} level=${alarm.level} isFault=${alarm.limit === null} size=${18} /> ${say(`state.${alarm.state}`)} · ${value}
    <a href=${href("sites", item.site)}>${say("case.why")}</a>
  </p>`;
}

/** How long it is open, and how much time is left. */
function Clocks({ item }) {
  return html`<span>${say("case.open_since")} <${Since} time=${item.opened} /></span>
    <span class="deadline"><${Deadline} item=${item} /></span>`;
}

export default function CasePage({ id }) {
  const { data, trouble, reload } = useLoaded(async () => withTimes("case", await get(`cases/${encodeURIComponent(id)}`)), [id]);
  const news = useComputed(() => cases.value.get(id)?.version ?? 0);
  useEffect(() => {
    if (data.value && news.value !== data.value.version) reload();
  }, [news.value]);
  const item = data.value;
  if (!item) return html`<${Page} title=${id}><${Waiting} trouble=${trouble.value} /><//>`;
  const beside = html`<span class="number">${item.number}</span><${PrintButton} />`;
  const title = html`<${Icon} level=${item.level} size=${30} /> <${Drill} isDrill=${item.is_drill} />${caseTitle(item)}`;
  return html`<${Page} title=${title} beside=${beside} className="case-page">
    <div class="case-top" data-case=${item.number} data-stage=${item.stage}>
      <p class="matter">${pick(item.title, item.title_en)} <small>${say(`kind_of_case.${item.kind}`)} · ${say(`level.${item.level}`)}</small></p>
      <${Stages} item=${item} />
      <div class="clocks">${item.closed === null && html`<${Clocks} item=${item} />`}<${SensorNow} item=${item} /></div>
      <${CaseActs} item=${item} onDone=${reload} />
      <${Trouble} of=${trouble.value} />
    </div>
    <div class="columns">
      <div>
        <${Facts} item=${item} /><${Evidence} item=${item} /><${Parts} item=${item} />
        <${Photos} item=${item} onDone=${reload} />
      </div>
      <${Log} lines=${item.log} />
    </div>
  <//>`;
}
