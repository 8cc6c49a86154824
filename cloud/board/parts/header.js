/** One glance: which city, in which mode, what is wrong, whether this picture is alive, and who sits here. */
import { useSignal } from "@preact/signals";

import { activeAlarms, city, districtName, heardAt, isFault, isLive, newest, now, ticking, warModes } from "../core/city.js";
import { age, clockTime, count, day, moment } from "../core/format.js";
import { html } from "../core/html.js";
import { href, isWall } from "../core/route.js";
import { district, scopeTo } from "../core/scope.js";
import { isBlocked, silenced, toggleSilence } from "../core/sound.js";
import { switchTheme } from "../core/theme.js";
import { isOutdated } from "../core/upgrade.js";
import { language, pick, say, switchLanguage } from "../core/words.js";
import { Dialog } from "./dialog.js";
import { Glyph } from "./glyphs.js";
import { Icon, LEVELS } from "./levels.js";
import { OwnAccount } from "./own_account.js";
import { SiteSearch } from "./site_search.js";

const OLD_MS = 15_000; // readings come every few seconds at most: older ones are worth a look
const AUDIBLE = ["red", "orange", "yellow"];

function Count({ level, isFaultCount = false, number, words }) {
  return html`<li class=${number ? "" : "none"} data-count=${isFaultCount ? "fault" : level}>
    <${Icon} level=${level} isFault=${isFaultCount} size=${26} /><b>${count(number)}</b><span>${words}</span>
  </li>`;
}

function Counts() {
  const structure = activeAlarms.value.filter((alarm) => !isFault(alarm));
  const ofLevel = (level) => structure.filter((alarm) => alarm.level === level).length;
  return html`<ul class="counts" aria-label=${say("counts")}>
    ${LEVELS.map((level) => html`<${Count} key=${level} level=${level} number=${ofLevel(level)} words=${say(`level.${level}`)} />`)}
    <${Count} isFaultCount number=${activeAlarms.value.length - structure.length} words=${say("fault")} />
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

function Clock() {
  return html`<div class="clock"><b>${clockTime(now.value)}</b><span>${day(now.value)}</span></div>`;
}

/** Sound is switched off by level, until the shift ends. */
function Sound() {
  const isAsked = useSignal(false);
  const isSilent = AUDIBLE.every((level) => silenced.value.has(level));
  const words = isBlocked.value ? say("sound.blocked") : say("sound");
  return html`<button class=${isBlocked.value ? "loud" : ""} title=${words} aria-label=${words} onClick=${() => (isAsked.value = true)}>
      <${Glyph} name=${isSilent || isBlocked.value ? "silent" : "sound"} size=${18} />${isBlocked.value && html`<span>${say("sound.blocked")}</span>`}
    </button>
    ${isAsked.value &&
    html`<${Dialog} title=${say("sound")} onClose=${() => (isAsked.value = false)}>
      <p>${say("sound.hint")}</p>
      ${AUDIBLE.map(
        (level) => html`<label key=${level} class="tick"><input type="checkbox" checked=${!silenced.value.has(level)} onChange=${() => toggleSilence(level)} />
          <${Icon} level=${level} />${say(`sound.${level}`)}</label>`,
      )}
      <form method="dialog" class="answers"><button class="firm">${say("close")}</button></form>
    <//>`}`;
}

function Switches() {
  return html`<div class="switches">
    <${Sound} />
    <button onClick=${switchLanguage} title=${say("language.hint")} lang=${language.value === "zh" ? "en" : "zh"}>${say("language")}</button>
    <button onClick=${switchTheme} title=${say("theme")} aria-label=${say("theme")}><${Glyph} name="theme" size=${18} /></button>
    <${OwnAccount} />
  </div>`;
}

function modeAndPlace({ mode, district: place }) {
  return say(`mode.${mode}`) + (place ? ` ${districtName(place)}` : "");
}

/** 平时, or which modes stand where. */
function ModeChip() {
  const standing = warModes.value;
  const words = standing.length ? standing.map(modeAndPlace).join(" · ") : say("mode.normal");
  return html`<a class=${`mode-chip ${standing.length ? "war" : ""}`} href=${href("typhoon")}>${words}</a>`;
}

export function Header() {
  const { name, name_en, is_demonstration } = city.value;
  return html`<header>
    <div class="brand">
      <img src="egret.svg" alt="" />
      <a class="home" href=${href("city")}>${pick(name, name_en)}</a>
      <p>${say("title")}</p>
      ${is_demonstration && html`<em>${say("demonstration")}</em>`}
      <${ModeChip} />
      ${district.value && html`<button class="scope" onClick=${() => scopeTo("")} title=${say("scope.all")}>${districtName(district.value)} ×</button>`}
    </div>
    ${!isWall && html`<${SiteSearch} />`}
    <${Counts} />
    <${Connection} />
    <${Clock} />
    ${!isWall && html`<${Switches} />`}
  </header>`;
}

/** Shown while nothing arrives: a frozen wall screen must look frozen. */
export function StaleBanner() {
  if (isLive.value || heardAt.value === 0) return null;
  const words = say("stale", { age: age(ticking.value - heardAt.value) });
  return html`<section class="banner" aria-label=${say("connection.stale")} role="status">${words}</section>`;
}

/** Not by itself: somebody may be writing. */
export function UpgradeBanner() {
  if (!isOutdated.value) return null;
  return html`<section class="banner" aria-label=${say("upgrade")} role="status">
    ${say("upgrade")} <button onClick=${() => location.reload()}>${say("upgrade.load")}</button>
  </section>`;
}

function Mode({ mode }) {
  const place = mode.district ? districtName(mode.district) : say("whole_city");
  const end = say("mode.until", { time: moment(mode.until, now.value) });
  return html`<a href=${href("typhoon")}>
    ${mode.is_drill && html`<em class="drill">${say("drill")}</em>`}
    <${Icon} level=${mode.level} size=${18} /> <b>${say(`mode.${mode.mode}`)}</b> ${place} · ${mode.reason} · ${end}
  </a>`;
}

/** In war (战时) the whole board says so: what, where, until when, and how far its task is; a drill is marked as one. */
export function ModeBanner() {
  const standing = warModes.value;
  if (standing.length === 0) return null;
  return html`<section class="mode-banner" aria-label=${say("mode.title")}>
    ${standing.map((mode) => html`<${Mode} key=${mode.id} mode=${mode} />`)}
  </section>`;
}
