/** The boxes: which are online, what waits in their spools, whether their clocks and configurations are right. */
import { useComputed } from "@preact/signals";

import { get } from "../core/api.js";
import { boxes, city, districtName, offlineBoxes, quantities } from "../core/city.js";
import { amount, count, dateTime, dateTimeNs, span } from "../core/format.js";
import { html } from "../core/html.js";
import { useLoaded } from "../core/loaded.js";
import { ask, href } from "../core/route.js";
import { pick, say } from "../core/words.js";
import { Heads, Page, Scroll, Tabs } from "../parts/page.js";
import { Since } from "../parts/timers.js";

const BACKLOG = 1_000; // readings: a healthy box has a second or two of them under way
const VIEWS = ["all", "offline", "backlog"];

function stateOf(box) {
  if (box === undefined) return "unknown";
  return box.online ? "online" : "offline";
}

/** Its sites, by the sensors on it. */
const sitesOfBox = (id) => city.value.sites.filter((site) => site.sensors.some((sensor) => sensor.box === id));

/** When it was last heard, by our clock: an online box's own time may be of 1970. */
const heardAt = (box) => box.time - (box.online ? box.clock_off_s * 1000 : 0);

function Clock({ box }) {
  if (!box) return html`<span class="quiet">–</span>`;
  if (box.clock === "unset") return html`<b class="loud">${say("clock.unset")}</b>`;
  const off = `${box.clock_off_s > 0 ? "+" : "−"}${span(Math.abs(box.clock_off_s) * 1000)}`;
  const shown = box.clock_off_s === 0 ? say("clock.right") : html`<b class="loud">${off}</b>`;
  return box.clock === "unsure" ? html`${shown} <small>${say("clock.unsure")}</small>` : shown;
}

const UNWELL = new Set(["refused", "returned", "expired"]);

/** `given` is how it stands to what it was given; a box that nobody gave anything runs the file it came with. */
function Configuration({ box, given }) {
  if (given?.desired) {
    const said = say(`config.${given.standing}`);
    const why = given.errors.map((error) => `${error.where}: ${error.what}`).join("\n");
    return UNWELL.has(given.standing) ? html`<b class="loud" title=${why}>${said}</b>` : said;
  }
  if (!box?.config_version) return "–";
  if (box.config_version === city.value.version) return say("box.current_config");
  return html`<b class="loud">${say("box.old_config")}</b>`;
}

/** Of its SIM card this month: loud while readings give way. */
function Data({ box }) {
  if (!box || (!box.data_used_mb && !box.data_budget_mb)) return html`<span class="quiet">–</span>`;
  const said = `${count(box.data_used_mb)}${box.data_budget_mb ? ` / ${count(box.data_budget_mb)}` : ""} MB`;
  return box.is_sparing ? html`<b class="loud" title=${say("box.sparing")}>${said}</b>` : said;
}

function Row({ id, name, isAsked, given }) {
  const box = useComputed(() => boxes.value.get(id)).value;
  const state = stateOf(box);
  const sites = sitesOfBox(id);
  const districts = [...new Set(sites.map((site) => districtName(site.district)))];
  return html`<tr data-box=${id} data-state=${state} class=${`${state} ${isAsked ? "chosen" : ""}`}>
    <th scope="row"><a href=${href("fleet", "", { box: id })}>${name}</a><small>${id}</small></th>
    <td><i class="lamp"></i>${say(`box.${state}`)} ${state === "offline" && html`<${Since} time=${box.time} />`}</td>
    <td class=${`number ${box?.waiting > BACKLOG ? "loud" : ""}`}>${box ? count(box.waiting) : "–"}</td>
    <td class="number"><${Clock} box=${box} /></td>
    <td class="number"><${Data} box=${box} /></td>
    <td>${box?.version ?? "–"}</td>
    <td><${Configuration} box=${box} given=${given} /></td>
    <td>${districts.join(" ")} <small>${say("box.sites", { count: sites.length })}</small></td>
    <td class="number">${box ? dateTime(heardAt(box)) : "–"}</td>
  </tr>`;
}

const COLUMNS = ["box", "state", "waiting", "clock", "data", "version", "config", "where", "heard"];
const NUMBERS = new Set(["waiting", "clock", "data", "heard"]);

function Unknown({ reading: { sensor, quantity, value, box } }) {
  return html`<li>
    <code>${sensor}</code> ${quantity} <b>${amount(value, quantities.value.get(quantity))}</b> <small>${box}</small>
  </li>`;
}

function Unregistered() {
  const { data } = useLoaded(() => get("unregistered"), [], 10_000);
  if (!data.value?.length) return null;
  return html`<section class="card"><h2>${say("unregistered")} <b>${data.value.length}</b></h2>
    <ul class="plain-list">
      ${data.value.map((one) => html`<${Unknown} key=${one.sensor + one.quantity} reading=${one} />`)}
    </ul>
  </section>`;
}

const REASONS = new Set(["size", "disk", "damage"]);

function Gap({ gap }) {
  const reason = REASONS.has(gap.reason) ? say(`gap.${gap.reason}`) : gap.reason;
  return html`<li>
    <code>${gap.box}</code> <b>${say("gap.count", { count: count(gap.count) })}</b>${" "}
    ${dateTimeNs(gap.first_ns)} – ${dateTimeNs(gap.last_ns)} <small>${reason}</small>
  </li>`;
}

/** What is missing for good, so that nobody takes a hole for calm weather. */
function Gaps({ box }) {
  const { data } = useLoaded(() => get("gaps", { box, limit: 20 }), [box], 30_000);
  if (!data.value?.length) return null;
  return html`<section class="card gaps"><h2>${say("gaps")}</h2>
    <ul class="plain-list">
      ${data.value.map((gap) => html`<${Gap} key=${gap.spool_id + gap.first_sequence} gap=${gap} />`)}
    </ul>
  </section>`;
}

/** What it says of itself: supply, reception, disk, clock. */
function Health({ box }) {
  const { data } = useLoaded(() => get("values", { sensor: box }), [box], 10_000);
  if (!data.value?.length) return null;
  const named = data.value.map((one) => ({ ...one, known: quantities.value.get(one.quantity) }));
  return html`<section class="card health"><h2>${say("health", { box })}</h2>
    <ul class="plain-list">
      ${named.map(({ quantity, value, known }) => html`<li key=${quantity} data-quantity=${quantity}>
        ${known ? pick(known.zh, known.en) : quantity} <b>${amount(value, known)}</b>
      </li>`)}
    </ul>
  </section>`;
}

function Figure({ words, value, isLoud = false }) {
  return html`<div class=${`figure ${isLoud ? "loud" : ""}`}><span>${words}</span><b>${value}</b></div>`;
}

export default function FleetPage({ query }) {
  const view = VIEWS.includes(query.view) ? query.view : "all";
  const all = city.value.boxes.length;
  const offline = offlineBoxes.value.size;
  const waiting = city.value.boxes.reduce((sum, { id }) => sum + (boxes.value.get(id)?.waiting ?? 0), 0);
  const shown = city.value.boxes.filter(({ id }) => {
    const box = boxes.value.get(id);
    if (view === "offline") return stateOf(box) !== "online";
    return view === "all" || box?.waiting > BACKLOG;
  });
  const { data: fleet } = useLoaded(() => get("fleet"), [], 10_000);
  const given = new Map(fleet.value?.map((one) => [one.box, one]));
  const tabs = VIEWS.map((one) => [one, say(`fleet.${one}`), href("fleet", "", { view: one })]);
  const beside = html`<${Tabs} label=${say("page.fleet")} tabs=${tabs} chosen=${view} />`;
  return html`<${Page} title=${say("page.fleet")} beside=${beside} className="fleet-page">
    <div class="figures">
      <${Figure} words=${say("boxes.online")} value=${`${count(all - offline)} / ${count(all)}`} />
      <${Figure} words=${say("box.offline")} value=${count(offline)} isLoud=${offline > 0} />
      <${Figure} words=${say("boxes.waiting")} value=${count(waiting)} isLoud=${waiting > BACKLOG * 5} />
      ${query.box && html`<button class="tag" onClick=${() => ask({ box: "" })}>${query.box} ×</button>`}
    </div>
    ${shown.length === 0
      ? html`<p class="quiet">${say("fleet.none")}</p>`
      : html`<${Scroll} label=${say("page.fleet")}><table>
          <thead><tr><${Heads} names=${COLUMNS} numbers=${NUMBERS} /></tr></thead>
          <tbody>
            ${shown
              .filter((box) => !query.box || box.id === query.box)
              .map((box) => html`<${Row} key=${box.id} ...${box} given=${given.get(box.id)} />`)}
          </tbody>
        </table><//>`}
    ${query.box && html`<${Health} box=${query.box} />`}
    <${Gaps} box=${query.box ?? ""} />
    <${Unregistered} />
  <//>`;
}
