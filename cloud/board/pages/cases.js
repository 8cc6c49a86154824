/** Open cases with running timers, and how one is closed. */
import { h } from "preact";
import { useState } from "preact/hooks";
import htm from "htm";

import { closeCase, Problem } from "./api.js";
import { alarms, now, openCases, sites } from "./city.js";
import { choose } from "./choice.js";
import { span } from "./format.js";
import { Icon } from "./levels.js";
import { pick, say } from "./words.js";

const html = htm.bind(h);
const UNCONFIRMED = "E-CASE-009"; // the sensor does not say that all is well
const LATE_MS = 600_000; // ten minutes from threshold to fix is what the city asks of itself

function Closing({ number, onEnd }) {
  const stands = [...alarms.value.values()].some((alarm) => alarm.case === number);
  const [trouble, setTrouble] = useState(null);
  const submit = async (event) => {
    event.preventDefault();
    const form = new FormData(event.target);
    try {
      await closeCase(number, form.get("note"), form.get("without_sensor") ?? "");
    } catch (error) {
      if (!(error instanceof Problem || error instanceof TypeError)) throw error;
      setTrouble(error);
    }
  };
  return html`<form onSubmit=${submit}>
    <input name="note" maxlength="2000" placeholder=${say("case.note")} aria-label=${say("case.note")} />
    ${(trouble?.code === UNCONFIRMED || stands) &&
    html`<input name="without_sensor" required maxlength="2000" placeholder=${say("case.without_sensor")} aria-label=${say("case.without_sensor")} />`}
    <button class="firm">${say("case.confirm")}</button>
    <button type="button" onClick=${onEnd}>${say("case.cancel")}</button>
    ${trouble && html`<p class="trouble" role="alert">${trouble.message}</p>`}
  </form>`;
}

function Case({ item }) {
  const [isClosing, setClosing] = useState(false);
  const site = sites.value.get(item.site);
  const place = site ? pick(site.name, site.name_en) : "";
  const title = pick(item.title, item.title_en);
  const runs = now.value - item.opened;
  return html`<li class="case" data-case=${item.number}>
    <button class="row" title=${title} onClick=${() => choose(item.site)}>
      <${Icon} level=${item.level} size=${28} />
      <span class="place">${place || item.sensor}</span>
      <time class=${runs > LATE_MS ? "late" : ""}>${span(runs)}</time>
      <span class="what">${item.number} · ${title.startsWith(place) ? title.slice(place.length).replace(/^[：:]\s*/, "") : title}</span>
    </button>
    ${isClosing
      ? html`<${Closing} number=${item.number} onEnd=${() => setClosing(false)} />`
      : html`<button class="close" onClick=${() => setClosing(true)}>${say("case.close")}</button>`}
  </li>`;
}

export function Cases() {
  const list = openCases.value;
  return html`<section class="cases">
    <h2>${say("cases")} <b>${list.length}</b></h2>
    ${list.length === 0
      ? html`<p class="quiet">${say("cases.none")}</p>`
      : html`<ol>${list.map((item) => html`<${Case} key=${item.number} item=${item} />`)}</ol>`}
  </section>`;
}
