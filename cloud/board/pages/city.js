/** The city on one screen: the map, what asks for somebody, the cases, the boxes, and the site one looks at. */
import { boxes, city, isActive, isNew, listedAlarms, offlineBoxes, openCases } from "../core/city.js";
import { calm } from "../core/calm.js";
import { choose, chosen } from "../core/choice.js";
import { count } from "../core/format.js";
import { useFrozenOrder } from "../core/frozen.js";
import { html } from "../core/html.js";
import { href } from "../core/route.js";
import { isInScope } from "../core/scope.js";
import { say } from "../core/words.js";
import { CityMap } from "../map/map.js";
import { Acknowledge } from "../parts/alarm_acts.js";
import { placeOf, State, What } from "../parts/alarm_words.js";
import { caseMatter, caseTitle, Drill, ownerOf } from "../parts/case_words.js";
import { ChosenSite } from "../parts/chosen_site.js";
import { Icon } from "../parts/levels.js";
import { Deadline, Since } from "../parts/timers.js";

const NAMED_BOXES = 24;
const BACKLOG = 1_000; // readings: a healthy box has a second or two of them under way
const LISTED = 12; // nobody reads further down in a column; the whole list has a page

/** A mark on the map is there with the next picture; the lists beside it are for reading. */
const [calmAlarms, calmCases] = [calm(listedAlarms), calm(openCases)];

function Alarm({ alarm }) {
  const classes = ["row", chosen.value === alarm.site && "chosen", !isActive(alarm) && "returned"];
  return html`<li
    class=${classes.filter(Boolean).join(" ")}
    data-alarm=${alarm.id}
    data-level=${alarm.level}
    data-state=${alarm.state}
  >
    <button class="face" onClick=${() => choose(alarm.site)}>
      <${Icon} level=${alarm.level} isFault=${alarm.limit === null} size=${28} />
      <span class="place">${placeOf(alarm)}</span>
      <${Since} time=${alarm.since} />
      <${What} alarm=${alarm} withLevel />
    </button>
    <span class="aside">${isNew(alarm) ? html`<${Acknowledge} ids=${[alarm.id]} />` : html`<${State} alarm=${alarm} />`}</span>
  </li>`;
}

function Alarms() {
  const alarms = calmAlarms.value.filter(isInScope);
  const [drawn, handlers, isFrozen] = useFrozenOrder(alarms, (alarm) => alarm.id, LISTED);
  const fresh = alarms.filter(isNew).length;
  return html`<section class="alarms" aria-labelledby="alarms-title">
    <h2 id="alarms-title"><a href=${href("alarms")}>${say("alarms")}</a> <b>${count(alarms.length)}</b>
      <small>${isFrozen ? say("alarms.frozen") : fresh > 0 && say("alarms.new", { count: count(fresh) })}</small></h2>
    ${alarms.length === 0
      ? html`<p class="quiet">${say("alarms.none")}</p>`
      : html`<ol ...${handlers}>${drawn.map((alarm) => html`<${Alarm} key=${alarm.id} alarm=${alarm} />`)}</ol>`}
    <${Rest} count=${alarms.length - drawn.length} page="alarms" />
  </section>`;
}

function Case({ item }) {
  return html`<li class="row" data-case=${item.number} data-stage=${item.stage}>
    <a class="face" href=${href("cases", item.number)}>
      <${Icon} level=${item.level} size=${28} />
      <span class="place"><${Drill} isDrill=${item.is_drill} />${caseTitle(item)}</span>
      <${Deadline} item=${item} />
      <span class="what">${caseMatter(item)} · ${ownerOf(item)}</span>
    </a>
    <span class="aside state">${say(`stage.${item.stage}`)}</span>
  </li>`;
}

function Cases() {
  const cases = calmCases.value.filter(isInScope);
  const [drawn, handlers] = useFrozenOrder(cases, (item) => item.number, LISTED);
  return html`<section class="cases" aria-labelledby="cases-title">
    <h2 id="cases-title"><a href=${href("cases")}>${say("cases.open")}</a> <b>${count(cases.length)}</b></h2>
    ${cases.length === 0
      ? html`<p class="quiet">${say("cases.none")}</p>`
      : html`<ol ...${handlers}>${drawn.map((item) => html`<${Case} key=${item.number} item=${item} />`)}</ol>`}
    <${Rest} count=${cases.length - drawn.length} page="cases" />
  </section>`;
}

function Rest({ count: more, page }) {
  return more > 0 ? html`<p class="rest"><a href=${href(page)}>${say("rest", { count: count(more) })}</a></p>` : null;
}

function Box({ id, name }) {
  const box = boxes.value.get(id);
  const state = box === undefined ? "unknown" : box.online ? "online" : "offline";
  const waiting = box?.waiting > BACKLOG ? count(box.waiting) : "";
  const words = `${name} · ${say(`box.${state}`)} · ${say("boxes.waiting")} ${box?.waiting ?? "–"}`;
  return html`<li class=${state} data-box=${id} data-state=${state}>
    <a href=${href("fleet", "", { box: id })} title=${words}>
      <i class="lamp"></i><span>${id}</span>
      <small>${state === "offline" ? html`<${Since} time=${box.time} />` : waiting}</small>
    </a>
  </li>`;
}

/** Few have their names here; of many only those that are not as they should be. */
function Boxes() {
  const all = city.value.boxes;
  const gone = offlineBoxes.value.size;
  const isAmiss = ({ id }) => offlineBoxes.value.has(id) || boxes.value.get(id)?.waiting > BACKLOG;
  const shown = all.length <= NAMED_BOXES ? all : all.filter(isAmiss).slice(0, NAMED_BOXES);
  return html`<section class="boxes" aria-labelledby="boxes-title">
    <h2 id="boxes-title"><a href=${href("fleet")}>${say("boxes")}</a> <b>${count(all.length)}</b>
      <small class=${gone ? "loud" : ""}>${gone ? say("boxes.offline", { count: count(gone) }) : say("boxes.all_online")}</small></h2>
    <ul>${shown.map((box) => html`<${Box} key=${box.id} ...${box} />`)}</ul>
  </section>`;
}

export default function CityPage() {
  return html`<main class="city-page" id="page" tabindex="-1">
    <h1 class="unseen">${say("page.city")}</h1>
    <${CityMap} />
    <aside aria-label=${say("page.asides")}><${Alarms} /><${Cases} /><${Boxes} /></aside>
    <${ChosenSite} />
  </main>`;
}
