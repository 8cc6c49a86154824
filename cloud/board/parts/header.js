/** One glance: which city, what is wrong, and whether this picture is alive. */
import { h } from "preact";
import htm from "htm";

import { activeAlarms, city, heardAt, isFault, isLive, newest, now, ticking } from "./city.js";
import { age, clockTime, day } from "./format.js";
import { Icon, LEVELS } from "./levels.js";
import { switchTheme } from "./theme.js";
import { language, pick, say, switchLanguage } from "./words.js";

const html = htm.bind(h);
const OLD_MS = 15_000; // readings come every few seconds at most: older ones are worth a look

function Count({ level, isFaultCount = false, count, words }) {
  return html`<li class=${count ? "" : "none"} title=${words}>
    <${Icon} level=${level} isFault=${isFaultCount} size=${26} /><b>${count}</b><span>${words}</span>
  </li>`;
}

function Counts() {
  const structure = activeAlarms.value.filter((alarm) => !isFault(alarm));
  return html`<ul class="counts">
    ${LEVELS.map((level) => {
      const count = structure.filter((alarm) => alarm.level === level).length;
      return html`<${Count} key=${level} level=${level} count=${count} words=${say(`level.${level}`)} />`;
    })}
    <${Count} isFaultCount count=${activeAlarms.value.length - structure.length} words=${say("fault")} />
  </ul>`;
}

function Connection() {
  const readingsAge = now.value - newest.value;
  const words = newest.value === 0 ? say("age.none") : say("age", { age: age(readingsAge) });
  return html`<div class=${`connection ${readingsAge > OLD_MS ? "old" : ""}`}>
    <span class="state"><i></i>${say(isLive.value ? "connection.live" : "connection.stale")}</span>
    <span>${words}</span>
  </div>`;
}

export function Header() {
  return html`<header>
    <div class="city">
      <img src="egret.svg" alt="" />
      <h1>${pick(city.value.name, city.value.name_en)}</h1>
      <p>${say("title")}${city.value.is_demonstration && html`<em>${say("demonstration")}</em>`}</p>
    </div>
    <${Counts} />
    <${Connection} />
    <div class="clock"><b>${clockTime(now.value)}</b><span>${day(now.value)}</span></div>
    <div class="switches">
      <button onClick=${switchLanguage} title=${say("language.hint")} lang=${language.value === "zh" ? "en" : "zh"}>${say("language")}</button>
      <button onClick=${switchTheme} title=${say("theme")} aria-label=${say("theme")}>◐</button>
    </div>
  </header>`;
}

/** Shown while nothing arrives: a frozen wall screen must look frozen. */
export function Banner() {
  if (isLive.value || heardAt.value === 0) return null;
  return html`<p class="banner" role="status">${say("stale", { age: age(ticking.value - heardAt.value) })}</p>`;
}
