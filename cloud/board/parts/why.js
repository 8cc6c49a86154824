/** Why is this red? The chain from the bytes on the wire to the case, each step with what it made of the one before. */
import { get } from "../core/api.js";
import { quantities } from "../core/city.js";
import { amount, clockTime, dateTimeNs, number, unit } from "../core/format.js";
import { html } from "../core/html.js";
import { useLoaded } from "../core/loaded.js";
import { href } from "../core/route.js";
import { pick, say } from "../core/words.js";
import { EvidenceLine } from "./evidence.js";
import { sensorDates } from "./facts.js";
import { Icon } from "./levels.js";
import { Waiting } from "./trouble.js";

/** `50 03 06 …` */
function spaced(hex) {
  return hex.toUpperCase().match(/../g)?.join(" ") ?? "";
}

function Step({ name, children }) {
  return html`<li><h3>${say(`why.${name}`)}</h3><div>${children}</div></li>`;
}

function Frame({ frame, profile }) {
  if (!frame) return html`<p class="quiet">${say("why.no_frame")}</p>`;
  const { unit: address, function: code, register, count, crc_ok } = frame;
  return html`<p><small>${say("why.request")}</small> <code>${spaced(frame.request)}</code></p>
    <p>
      <small>${say("why.reply")}</small> <code>${spaced(frame.reply)}</code>${" "}
      ${crc_ok ? html`<small>CRC ✓</small>` : html`<b class="loud">CRC ✗</b>`}
    </p>
    <p class="quiet">${say("why.frame.words", { unit: address, function: code, register, count, profile })}</p>`;
}

function Registers({ registers }) {
  return html`<p class="registers">
    ${registers.map(({ address, value }) => html`<span key=${address}><small>${address}</small> <code>${value}</code></span>`)}
  </p>`;
}

function value(row) {
  const shown = typeof row.value === "number" ? number(row.value, quantities.value.get(row.quantity)) : String(row.value ?? "–");
  return `${shown} ${unit(row.unit ?? "")}`.trim();
}

function ValueRow({ row, how }) {
  return html`<tr>
    <th scope="row">${row.name}</th>
    <td><small>${how}</small></td>
    <td class="number">${value(row)}</td>
  </tr>`;
}

function Values({ points, steps }) {
  const howRead = (point) => `${point.registers.join(", ")} · ${point.type} ${point.expression ?? ""}`;
  return html`<table><tbody>
    ${points.map((point) => html`<${ValueRow} key=${point.name} row=${point} how=${howRead(point)} />`)}
    ${steps.map((step) => html`<${ValueRow} key=${step.name} row=${step} how=${step.expression} />`)}
  </tbody></table>`;
}

/** In words of ours where a limit was reached; what the box said of it stands below, as it said it. */
function Rule({ rule, event, quantity }) {
  const { name, kind, deadband, off_delay_s: off } = rule;
  const limit = event.limit !== null && event.value >= event.limit && amount(event.limit, quantity);
  const held = say("limit.for", { count: rule.on_delay_s });
  const reached = limit && say("why.rule.reached", { value: amount(event.value, quantity), limit, held });
  return html`${reached && html`<p>${pick(quantity?.zh, quantity?.en) ?? event.quantity} ${reached}</p>`}
    <p class=${reached ? "quiet" : ""}>${event.reason}</p>
    <p class="quiet">${say("why.rule.words", { name, kind, deadband, off })}</p>`;
}

function Limit({ rule, event, quantity }) {
  const row = ({ level, limit, on_delay_s, source }) => html`<tr key=${level} class=${level === event.level ? "hit" : ""}>
    <td><${Icon} level=${level} size=${18} /> ${say(`level.${level}`)}</td>
    <td class="number">${amount(limit, quantity)}</td>
    <td>${say("limit.for", { count: on_delay_s })}</td>
    <td><small>${source}</small></td>
  </tr>`;
  return html`<table><tbody>${rule.levels.toReversed().map(row)}</tbody></table>`;
}

function Baseline({ found }) {
  const zero = found.baseline.map((row) => `${row.name} ${row.value}`).join(" · ");
  return html`<p>${zero || say("why.no_zero")}</p>
    <p class="quiet">${sensorDates(found) || say("why.no_dates")}</p>`;
}

/** What became of it, when, and by which configuration. */
function Moment({ event }) {
  const when = `${dateTimeNs(event.time_ns)} ${clockTime(event.time_ns / 1e6).slice(6)} s`;
  const configuration = [
    say("why.config", { version: event.config_version }),
    !event.is_current_config && say("why.config_changed"),
  ];
  return html`<p class="quiet">${say(`change.${event.change}`)} ${when} · ${configuration.filter(Boolean).join(" · ")}</p>`;
}

export function Why({ alarm }) {
  const { data, trouble } = useLoaded(() => get("alarms/explanation", { alarm: alarm.id }), [alarm.changed]);
  const found = data.value;
  if (!found) return html`<${Waiting} trouble=${trouble.value} />`;
  const { event, rule } = found;
  const quantity = quantities.value.get(alarm.quantity);
  const points = found.evidence.map(([time_ns, reading]) => [time_ns / 1e6, reading]);
  const isFault = alarm.limit === null;
  return html`<ol class="why" data-why=${alarm.id}>
    ${found.doubt && html`<li class="doubt"><h3>${say("why.doubt")}</h3><div><p>${found.doubt}</p></div></li>`}
    <${Step} name="frame"><${Frame} frame=${found.frame} profile=${found.profile?.title ?? ""} /><//>
    ${found.registers.length > 0 && html`<${Step} name="registers"><${Registers} registers=${found.registers} /><//>`}
    ${found.points.length > 0 && html`<${Step} name="value"><${Values} points=${found.points} steps=${found.steps} /><//>`}
    ${rule && html`<${Step} name="rule"><${Rule} rule=${rule} event=${event} quantity=${quantity} /><//>`}
    ${rule && !isFault && html`<${Step} name="limit"><${Limit} rule=${rule} event=${event} quantity=${quantity} /><//>`}
    <${Step} name="baseline"><${Baseline} found=${found} /><//>
    <${Step} name="history">
      <${EvidenceLine} points=${points} limit=${event.limit} level=${event.level} quantity=${quantity} />
      <${Moment} event=${event} />
    <//>
    <${Step} name="case">${found.case ? html`<a href=${href("cases", found.case)}>${found.case}</a>` : html`<p class="quiet">${say("why.no_case")}</p>`}<//>
  </ol>`;
}
