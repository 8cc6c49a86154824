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
import { Glyph } from "../parts/glyphs.js";
import { Icon } from "../parts/levels.js";
import { Page, Scroll } from "../parts/page.js";
import { Deadline, Since } from "../parts/timers.js";
import { Trouble, Waiting } from "../parts/trouble.js";

function Fact({ name, children }) {
  return children ? html`<div><dt>${say(`fact.${name}`)}</dt><dd>${children}</dd></div>` : null;
}

function Facts({ item }) {
  const site = sites.value.get(item.site);
  const place = [districtName(item.district), item.street].filter(Boolean).join(" ") || say("whole_city");
  return html`<dl class="facts">
    <${Fact} name="owner">${ownerOf(item)}<//>
    <${Fact} name="place">${site ? html`<a href=${href("sites", item.site)}>${pick(site.name, site.name_en)}</a> ` : ""}${place}<//>
    <${Fact} name="position">${item.longitude !== null && html`<a href=${`geo:${item.latitude},${item.longitude}`}>WGS-84 ${item.longitude.toFixed(5)}, ${item.latitude.toFixed(5)}</a>`}<//>
    <${Fact} name="code">${item.code && `${item.code_class} ${item.code}`}<//>
    <${Fact} name="source">${sayOr(`source.${item.source}`, item.source)}<//>
    <${Fact} name="opened">${dateTime(item.opened)}<//>
    <${Fact} name="due">${item.due !== null && dateTime(item.due)}<//>
    <${Fact} name="accepted">${item.accepted !== null && dateTime(item.accepted)}<//>
    <${Fact} name="arrived">${item.arrived !== null && dateTime(item.arrived)}<//>
    <${Fact} name="closed">${item.closed !== null && `${dateTime(item.closed)} · ${say(`outcome.${item.outcome}`)}`}<//>
    <${Fact} name="related">${item.related && html`<a href=${href("cases", item.related)}>${item.related}</a>`}<//>
    <${Fact} name="counts">${[item.climbed && say("case.climbed", { count: item.climbed }), item.reworked && say("case.reworked", { count: item.reworked }), item.extended && say("case.extended", { count: item.extended })].filter(Boolean).join(" · ")}<//>
    ${item.refs.map((ref) => html`<${Fact} name="elsewhere">${ref.system} ${ref.number} ${ref.state} ${ref.conflict && html`<b class="loud">${say("case.conflict")} ${ref.conflict}</b>`}<//>`)}
  </dl>`;
}

function Parts({ item }) {
  if (item.kind !== "special_task" && item.parts.length < 2) return null;
  const isTask = item.kind === "special_task";
  return html`<section class="card"><h2>${say(isTask ? "case.round" : "case.parts")} <b>${isTask ? `${item.done} / ${item.members}` : item.members}</b></h2>
    ${isTask && html`<progress max=${item.members} value=${item.done} aria-label=${say("case.round")}></progress>`}
    <${Scroll} label=${say("case.parts")} className="parts"><ul>${item.parts.map((part) => {
      const site = sites.value.get(part.site);
      const state = part.done_ns !== null ? say("part.done", { by: part.done_by }) : part.until_ns !== null && item.closed === null ? say("part.left") : "";
      return html`<li key=${part.member} class=${part.done_ns !== null ? "done" : ""}>
        ${part.is_alarm && html`<${Icon} level=${part.level} size=${16} />`}
        <a href=${href("sites", part.site)}>${site ? pick(site.name, site.name_en) : part.member}</a> <small>${part.is_alarm ? part.member : part.site} ${state} ${part.note}</small></li>`;
    })}</ul><//></section>`;
}

function Photos({ item, onDone }) {
  const adding = useAct(async (files) => {
    for (const file of files) await postPhoto(item.number, file);
  }, onDone);
  const canAdd = item.closed === null && may("file_cases");
  return html`<section class="card"><h2>${say("case.photos")} <b>${item.photos.length}</b></h2>
    <div class="photos">
      ${item.photos.map((photo) => {
        const address = addressOf(`cases/${encodeURIComponent(item.number)}/photos/${photo.hash}`);
        const words = `${dateTimeNs(photo.taken_ns ?? photo.added_ns)} · ${photo.added_by}`;
        return html`<a key=${photo.hash} href=${address} target="_blank" rel="noopener"><img src=${address} width=${photo.width} height=${photo.height} loading="lazy" alt=${say("case.photo", { words })} /><small>${words}</small></a>`;
      })}
      ${canAdd && html`<label class="add"><span>${adding.isBusy.value ? say("photo.sending") : say("photo.add")}</span><input type="file" multiple accept="image/jpeg,image/png,image/webp" onChange=${(event) => adding.act([...event.target.files])} /></label>`}
    </div><${Trouble} of=${adding.trouble.value} /></section>`;
}

function Log({ lines }) {
  return html`<section class="card log"><h2>${say("case.log")}</h2><ol>
    ${lines.toReversed().map((line, at) => html`<li key=${lines.length - at}><time>${dateTimeNs(line.time_ns)}</time> <b>${sayOr(`act.${line.act}`, sayOr(`change.${line.act}`, line.act))}</b>
      <small>${line.actor === "egret" ? say("actor.egret") : line.actor} · ${say(`stage.${line.stage}`)}</small>${line.note && html`<p>${line.note}</p>`}</li>`)}
  </ol></section>`;
}

/** What its sensor says now: nobody closes a case against the sensor without saying why. */
function SensorNow({ item }) {
  const alarm = useComputed(() => alarms.value.get(item.alarm));
  if (!item.alarm) return null;
  if (!alarm.value) return html`<p class="sensor-now">${say("case.sensor_quiet")}</p>`;
  const quantity = quantities.value.get(alarm.value.quantity);
  return html`<p class="sensor-now loud"><${Icon} level=${alarm.value.level} isFault=${alarm.value.limit === null} size=${18} /> ${say(`state.${alarm.value.state}`)} · ${amount(alarm.value.value, quantity)}
    <a href=${href("sites", item.site)}>${say("case.why")}</a></p>`;
}

export default function CasePage({ id }) {
  const { data, trouble, reload } = useLoaded(async () => withTimes("case", await get(`cases/${encodeURIComponent(id)}`)), [id]);
  const news = useComputed(() => cases.value.get(id)?.version ?? 0);
  useEffect(() => {
    if (data.value && news.value !== data.value.version) reload();
  }, [news.value]);
  const item = data.value;
  if (!item) return html`<${Page} title=${id}><${Waiting} trouble=${trouble.value} /><//>`;
  const beside = html`<span class="number">${item.number}</span><button class="plain print-button" onClick=${() => print()} title=${say("print")} aria-label=${say("print")}><${Glyph} name="print" /></button>`;
  const title = html`<${Icon} level=${item.level} size=${30} /> <${Drill} isDrill=${item.is_drill} />${caseTitle(item)}`;
  return html`<${Page} title=${title} beside=${beside} className="case-page">
    <div class="case-top" data-case=${item.number} data-stage=${item.stage}>
      <p class="matter">${pick(item.title, item.title_en)} <small>${say(`kind_of_case.${item.kind}`)} · ${say(`level.${item.level}`)}</small></p>
      <${Stages} item=${item} />
      <div class="clocks">${item.closed === null && html`<span>${say("case.open_since")} <${Since} time=${item.opened} /></span><span class="deadline"><${Deadline} item=${item} /></span>`}<${SensorNow} item=${item} /></div>
      <${CaseActs} item=${item} onDone=${reload} />
      <${Trouble} of=${trouble.value} />
    </div>
    <div class="columns"><div><${Facts} item=${item} /><${Evidence} item=${item} /><${Parts} item=${item} /><${Photos} item=${item} onDone=${reload} /></div><${Log} lines=${item.log} /></div>
  <//>`;
}
