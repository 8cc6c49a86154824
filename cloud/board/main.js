/** The board: finds out who is here, starts the live stream, and shows the page that the address names. */
import { options, render } from "preact";
import { useEffect, useErrorBoundary } from "preact/hooks";
import { effect, signal } from "@preact/signals";

import { city, isLive, ticking } from "./core/city.js";
import { findQuietest } from "./core/choice.js";
import { html } from "./core/html.js";
import { isWall, route } from "./core/route.js";
import { enter, who } from "./core/session.js";
import { listen } from "./core/sound.js";
import { follow } from "./core/stream.js";
import { language, pick, say } from "./core/words.js";
import CityPage from "./pages/city.js";
import { Header, ModeBanner, StaleBanner, UpgradeBanner } from "./parts/header.js";
import { loadUnits } from "./parts/people.js";
import { Rail } from "./parts/rail.js";
import { Waiting } from "./parts/trouble.js";

const TICK_MS = 1_000;
/** Loaded when they are first shown; `core/route.js` says how addresses name them. */
const PAGES = new Set(["alarms", "load", "cases", "case", "sites", "typhoon", "evaluation", "duty", "fleet", "users", "login"]);
const loaded = signal(new Map([["city", CityPage]]));

async function load(name) {
  const { default: page } = await import(`./pages/${name}.js`);
  loaded.value = new Map(loaded.value).set(name, page);
}

/** A page whose module did not come over a poor link is asked for again, as long as it is wanted. */
function useModule(name) {
  useEffect(() => {
    let [isWanted, again] = [true, 0];
    const tryIt = async () => {
      try {
        if (!loaded.value.has(name)) await load(name);
      } catch (error) {
        if (!(error instanceof TypeError)) throw error;
        if (isWanted) again = setTimeout(tryIt, TICK_MS);
      }
    };
    tryIt();
    return () => {
      isWanted = false;
      clearTimeout(again);
    };
  }, [name]);
}

/** The module of a page: a case and the list of cases have one each. */
function moduleOf({ page, id }) {
  if (page === "cases" && id) return "case";
  return PAGES.has(page) ? page : "city";
}

/** One page; a mistake in it is reported and takes nothing else with it. */
function Page({ name, id, query }) {
  useModule(name);
  const [failed] = useErrorBoundary((error) => reportError(error));
  const page = loaded.value.get(name);
  if (page && !failed) return html`<${page} id=${id} query=${query} />`;
  return html`<main class="page" id="page" tabindex="-1">
    ${failed ? html`<p class="trouble" role="alert">${say("trouble.page")}</p>` : html`<${Waiting} />`}
  </main>`;
}

function Shown({ name }) {
  const { id, query } = route.value;
  return html`<${Page} key=${`${name}/${id}`} name=${name} id=${id} query=${query} />`;
}

function Board() {
  if (who.value === false) return html`<${Shown} name="login" />`;
  if (who.value === null || city.value === null) return html`<p class="loading" role="status">${say("loading")}</p>`;
  return html`<a class="skip" href="#page" onClick=${skip}>${say("skip")}</a>
    <${Header} /><${StaleBanner} /><${UpgradeBanner} /><${ModeBanner} />
    <div class="body">${!isWall && html`<${Rail} />`}<${Shown} name=${moduleOf(route.value)} /></div>`;
}

/** The address of the page stays as it is. */
function skip(event) {
  event.preventDefault();
  document.getElementById("page").focus();
}

/** Runs when something is there for the first time. */
function once(isThere, run) {
  const end = effect(() => isThere() && queueMicrotask(() => (end(), run())));
}

effect(() => {
  document.documentElement.lang = language.value === "zh" ? "zh-CN" : "en";
  document.body.dataset.connection = isLive.value ? "live" : "stale";
  document.body.classList.toggle("wall", isWall);
  if (city.value) document.title = `${pick(city.value.name, city.value.name_en)} · Egret`;
});
setInterval(() => document.hidden || (ticking.value = Date.now()), TICK_MS);
document.addEventListener("visibilitychange", () => (ticking.value = Date.now()));

// Once a frame, however many messages came meanwhile; a hidden tab has none and draws when it is looked at again.
options.debounceRendering = requestAnimationFrame;
const place = document.getElementById("board");
place.replaceChildren();
render(html`<${Board} />`, place);
once(() => who.value, () => {
  follow();
  listen();
  loadUnits();
});
once(() => city.value, findQuietest);
await enter();
