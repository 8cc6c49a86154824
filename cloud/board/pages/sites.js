/** One site: what it is, what it measures, how that went, and why it is red. */
import { useComputed, useSignal } from "@preact/signals";

import { get } from "../core/api.js";
import { alarms, areCutOff, districtName, offlineBoxes, sites } from "../core/city.js";
import { dateTimeNs } from "../core/format.js";
import { grafanaLink } from "../core/grafana.js";
import { html } from "../core/html.js";
import { useLoaded } from "../core/loaded.js";
import { href } from "../core/route.js";
import { may } from "../core/session.js";
import { useValues } from "../core/values.js";
import { pick, say, sayOr } from "../core/words.js";
import { Acknowledge, More } from "../parts/alarm_acts.js";
import { levelWords, State, What } from "../parts/alarm_words.js";
import { caseMatter } from "../parts/case_words.js";
import { Chart } from "../parts/chart.js";
import { measuredBy, Quantities, sensorsOf } from "../parts/chosen_site.js";
import { Commissionings } from "../parts/commissionings.js";
import { Fact, Position, sensorDates } from "../parts/facts.js";
import { FileCase } from "../parts/file_case.js";
import { Icon } from "../parts/levels.js";
import { Page } from "../parts/page.js";
import { Since } from "../parts/timers.js";
import { Trouble, Waiting } from "../parts/trouble.js";
import { Why } from "../parts/why.js";

const SPANS_MS = [600_000, 3_600_000, 86_400_000, 604_800_000, 2_592_000_000];

function Facts({ file }) {
  const { contact } = file;
  const place = [file.district_name || districtName(file.district), file.street];
  const certificate = `api/v1/installations/${encodeURIComponent(file.id)}/compliance?format=html`;
  return html`<dl class="facts">
    <${Fact} name="kind">${sayOr(`kind.${file.kind}`, file.kind)}<//>
    <${Fact} name="place">${place.filter(Boolean).join(" ")}<//>
    <${Fact} name="position">${file.longitude === null ? say("site.unplaced") : html`<${Position} of=${file} />`}<//>
    <${Fact} name="answerable">${file.owner}<//>
    <${Fact} name="contact">${contact && html`${contact.name} <a href=${`tel:${contact.phone}`}>${contact.phone}</a>`}<//>
    <${Fact} name="permit">${file.permit}<//>
    <${Fact} name="certificate"><a href=${certificate} target="_blank" rel="noopener">${say("site.certificate")}</a><//>
  </dl>`;
}

function Sensor({ sensor }) {
  const isOffline = offlineBoxes.value.has(sensor.box);
  return html`<tr>
    <th scope="row">${sensor.id}<small>${sensor.title || sensor.profile}</small></th>
    <td>
      <a href=${href("fleet", "", { box: sensor.box })}>${sensor.box_name || sensor.box}</a>${" "}
      <small>
        ${sensor.line} · ${say("sensor.unit", { unit: sensor.unit })}
        ${isOffline && html` <b class="loud">${say("box.offline")}</b>`}
      </small>
    </td>
    <td>${sensorDates(sensor)} <small>${sensor.serial}</small></td>
  </tr>`;
}

function Limit({ rule, level }) {
  return html`<tr>
    <td><${Icon} level=${level.level} size=${16} /> ${rule.name} <small>${rule.quantity}</small></td>
    <td class="number">${level.limit}</td>
    <td>${say("seconds", { count: level.on_delay_s })}</td>
    <td><small>${level.source}</small></td>
  </tr>`;
}

function Limits({ sensors }) {
  const rules = sensors.flatMap((sensor) => sensor.rules.filter((rule) => rule.quantity));
  const seen = [...new Map(rules.map((rule) => [`${rule.quantity}/${rule.name}`, rule])).values()];
  const rowsOf = (rule) =>
    rule.levels.toReversed().map((level) => html`<${Limit} key=${rule.name + level.level} rule=${rule} level=${level} />`);
  return html`<table>
    <thead><tr>
      <th>${say("why.rule")}</th>
      <th class="number">${say("alarm.limit")}</th>
      <th>${say("limit.delay")}</th>
      <th>${say("limit.source")}</th>
    </tr></thead>
    <tbody>${seen.flatMap(rowsOf)}</tbody>
  </table>`;
}

function AlarmHere({ alarm, isShown, onShow }) {
  return html`<li class=${`row ${isShown ? "chosen" : ""}`} data-alarm=${alarm.id}>
    <button class="face" aria-pressed=${isShown} onClick=${onShow}><${Icon} level=${alarm.level} isFault=${alarm.limit === null} size=${28} />
      <span class="place">${levelWords(alarm)}</span><${Since} time=${alarm.since} /><${What} alarm=${alarm} /></button>
    <span class="aside"><${State} alarm=${alarm} /> <${Acknowledge} ids=${[alarm.id]} /> <${More} ids=${[alarm.id]} kinds=${["shelve"]} /></span>
  </li>`;
}

function Alarms({ site }) {
  const here = useComputed(() => [...alarms.value.values()].filter((alarm) => alarm.site === site));
  const picked = useSignal(null);
  const shown = here.value.find((alarm) => alarm.id === picked.value) ?? here.value[0];
  const row = (alarm) =>
    html`<${AlarmHere} key=${alarm.id} alarm=${alarm} isShown=${alarm === shown} onShow=${() => (picked.value = alarm.id)} />`;
  return html`<section class="card why-card"><h2>${say(shown ? "why.title" : "site.no_alarm")}</h2>
    ${here.value.length > 0 && html`<ul class="alarm-list">${here.value.map(row)}</ul>`}
    ${shown && html`<${Why} key=${shown.id} alarm=${shown} />`}
  </section>`;
}

/** How far back the chart looks. */
function Spans({ chosen, onPick }) {
  return html`<span class="tabs">${SPANS_MS.map((ms) => html`<button
    key=${ms}
    aria-pressed=${ms === chosen}
    onClick=${() => onPick(ms)}
  >${say(`span.${ms}`)}</button>`)}</span>`;
}

function History({ site, values }) {
  const sensors = sensorsOf(site);
  const names = measuredBy(sensors);
  const picked = useSignal(names[0]);
  const span = useSignal(SPANS_MS[0]);
  const drawn = names.includes(picked.value) ? picked.value : names[0];
  const link = grafanaLink(site, span.value);
  return html`<section class="card history"><h2>${say("site.history")}
      <${Spans} chosen=${span.value} onPick=${(ms) => (span.value = ms)} />
      ${link && html`<a class="outside" href=${link} target="_blank" rel="noopener">Grafana</a>`}</h2>
    <${Quantities} sensors=${sensors} values=${values} drawn=${drawn} onPick=${(name) => (picked.value = name)} />
    ${drawn && html`<${Chart} key=${`${drawn}/${span.value}`} sensors=${sensors} quantity=${drawn} values=${values} spanMs=${span.value} />`}
  </section>`;
}

function CaseHere({ item }) {
  return html`<li>
    <${Icon} level=${item.level} size=${16} /> <a href=${href("cases", item.number)}>${item.number}</a> ${caseMatter(item)}
    <small>${say(`stage.${item.stage}`)} · ${dateTimeNs(item.opened_ns)}</small>
  </li>`;
}

function CasesHere({ cases }) {
  return html`<section class="card"><h2>${say("site.cases")} <b>${cases.length}</b></h2>
    ${cases.length === 0
      ? html`<p class="quiet">${say("cases.none_ever")}</p>`
      : html`<ul class="plain-list">${cases.map((item) => html`<${CaseHere} key=${item.number} item=${item} />`)}</ul>`}
  </section>`;
}

export default function SitePage({ id }) {
  const { data, trouble, reload } = useLoaded(() => get(`sites/${encodeURIComponent(id)}`), [id], 30_000);
  const values = useValues(id);
  const isFiling = useSignal(false);
  const site = sites.value.get(id);
  const file = data.value;
  if (!file || !site) return html`<${Page} title=${site ? pick(site.name, site.name_en) : id}><${Waiting} trouble=${trouble.value} /><//>`;
  const isOffline = areCutOff(site.sensors);
  const close = () => {
    isFiling.value = false;
    reload();
  };
  const beside = html`<span class="number">${id}</span>
    ${may("file_cases") && html`<button class="small" onClick=${() => (isFiling.value = true)}>${say("cases.file")}</button>`}`;
  return html`<${Page} title=${pick(file.name, file.name_en)} beside=${beside} className="site-page">
    ${isOffline && html`<p class="loud">${say("site.offline")}</p>`}
    <${Trouble} of=${trouble.value} />
    <div class="columns">
      <div><${Alarms} site=${id} /><${History} site=${site} values=${values} /></div>
      <div>
        <section class="card"><h2>${say("site.facts")}</h2><${Facts} file=${file} /></section>
        <${CasesHere} cases=${file.cases} />
        <section class="card"><h2>${say("site.sensors")} <b>${file.sensors.length}</b></h2>
          <table class="sensors"><tbody>
            ${file.sensors.map((sensor) => html`<${Sensor} key=${sensor.id} sensor=${sensor} />`)}
          </tbody></table>
        </section>
        <${Commissionings} site=${id} />
        <section class="card"><h2>${say("site.limits")}</h2><${Limits} sensors=${file.sensors} /></section>
      </div>
    </div>
    ${isFiling.value && html`<${FileCase} site=${id} onClose=${close} />`}
  <//>`;
}
