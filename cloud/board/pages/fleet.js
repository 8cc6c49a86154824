/** The boxes: which are online, what waits in their spools, whether their clocks and configurations are right. */
import { useComputed } from "@preact/signals";

import { get } from "../core/api.js";
import { boxes, city, districtName, quantities } from "../core/city.js";
import { amount, count, dateTime, span } from "../core/format.js";
import { html } from "../core/html.js";
import { useLoaded } from "../core/loaded.js";
import { ask, href } from "../core/route.js";
import { say } from "../core/words.js";
import { Page, Scroll } from "../parts/page.js";
import { Since } from "../parts/timers.js";

const BACKLOG = 1_000; // readings: a healthy box has a second or two of them under way
const VIEWS = ["all", "offline", "backlog"];

function stateOf(box) {
  if (box === undefined) return "unknown";
  return box.online ? "online" : "offline";
}

/** Its sites, by the sensors on it. */
const sitesOfBox = (id) => city.value.sites.filter((site) => site.sensors.some((sensor) => sensor.box === id));

function Clock({ box }) {
  if (!box) return html`<span class="quiet">–</span>`;
  if (box.clock_off_s === 0) return say("clock.right");
  return html`<b class="loud">${box.clock_off_s > 0 ? "+" : "−"}${span(Math.abs(box.clock_off_s) * 1000)}</b>`;
}

function Row({ id, name, isAsked }) {
  const box = useComputed(() => boxes.value.get(id)).value;
  const state = stateOf(box);
  const sites = sitesOfBox(id);
  const isOld = box && box.config_version && box.config_version !== city.value.version;
  return html`<tr data-box=${id} data-state=${state} class=${`${state} ${isAsked ? "chosen" : ""}`}>
    <th scope="row">${name}<small>${id}</small></th>
    <td><i class="lamp"></i>${say(`box.${state}`)} ${state === "offline" && html`<${Since} time=${box.time} />`}</td>
    <td class=${`number ${box?.waiting > BACKLOG ? "loud" : ""}`}>${box ? count(box.waiting) : "–"}</td>
    <td class="number"><${Clock} box=${box} /></td>
    <td>${box?.version ?? "–"}</td>
    <td>${isOld ? html`<b class="loud">${say("box.old_config")}</b>` : box?.config_version ? say("box.current_config") : "–"}</td>
    <td>${[...new Set(sites.map((site) => districtName(site.district)))].join(" ")} <small>${say("box.sites", { count: sites.length })}</small></td>
    <td class="number">${box ? dateTime(box.time) : "–"}</td>
  </tr>`;
}

const COLUMNS = ["box", "state", "waiting", "clock", "version", "config", "where", "heard"];
const NUMBERS = new Set(["waiting", "clock", "heard"]);

function Unregistered() {
  const { data } = useLoaded(() => get("unregistered"), [], 10_000);
  if (!data.value?.length) return null;
  return html`<section class="card"><h2>${say("unregistered")} <b>${data.value.length}</b></h2>
    <ul class="plain-list">${data.value.map((one) => html`<li key=${one.sensor + one.quantity}><code>${one.sensor}</code> ${one.quantity} <b>${amount(one.value, quantities.value.get(one.quantity))}</b> <small>${one.box}</small></li>`)}</ul>
  </section>`;
}

export default function FleetPage({ query }) {
  const view = VIEWS.includes(query.view) ? query.view : "all";
  const states = [...boxes.value.values()];
  const online = states.filter((box) => box.online).length;
  const waiting = states.reduce((sum, box) => sum + box.waiting, 0);
  const shown = city.value.boxes.filter(({ id }) => {
    const box = boxes.value.get(id);
    if (view === "offline") return stateOf(box) !== "online";
    return view === "all" || box?.waiting > BACKLOG;
  });
  const beside = html`<nav class="tabs" aria-label=${say("page.fleet")}>${VIEWS.map((one) => html`<a key=${one} href=${href("fleet", "", { view: one })} aria-current=${one === view ? "true" : undefined}>${say(`fleet.${one}`)}</a>`)}</nav>`;
  return html`<${Page} title=${say("page.fleet")} beside=${beside} className="fleet-page">
    <div class="figures">
      <div class="figure"><span>${say("boxes.online")}</span><b>${count(online)} / ${count(city.value.boxes.length)}</b></div>
      <div class=${`figure ${states.length > online ? "loud" : ""}`}><span>${say("box.offline")}</span><b>${count(states.length - online)}</b></div>
      <div class=${`figure ${waiting > BACKLOG * 5 ? "loud" : ""}`}><span>${say("boxes.waiting")}</span><b>${count(waiting)}</b></div>
      ${query.box && html`<button class="tag" onClick=${() => ask({ box: "" })}>${query.box} ×</button>`}
    </div>
    ${shown.length === 0
      ? html`<p class="quiet">${say("fleet.none")}</p>`
      : html`<${Scroll} label=${say("page.fleet")}><table>
          <thead><tr>${COLUMNS.map((name) => html`<th key=${name} scope="col" class=${NUMBERS.has(name) ? "number" : ""}>${say(`column.${name}`)}</th>`)}</tr></thead>
          <tbody>${shown.filter((box) => !query.box || box.id === query.box).map((box) => html`<${Row} key=${box.id} ...${box} />`)}</tbody>
        </table><//>`}
    <${Unregistered} />
  <//>`;
}
