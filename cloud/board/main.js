/** The board: starts the live stream and puts the page together. */
import { h, render } from "preact";
import { effect } from "@preact/signals";
import htm from "htm";

import { Alarms } from "./alarms.js";
import { follow } from "./api.js";
import { Boxes } from "./boxes.js";
import { Cases } from "./cases.js";
import { city, isLive, ticking } from "./city.js";
import { Banner, Header } from "./header.js";
import { CityMap } from "./map.js";
import { ChosenSite } from "./site.js";
import { theme } from "./theme.js";
import { language, pick, say } from "./words.js";

const html = htm.bind(h);
const TICK_MS = 500;

function Board() {
  if (city.value === null) return html`<p class="loading">${say("connection.stale")}</p>`;
  return html`<${Header} />
    <${Banner} />
    <main>
      <${CityMap} />
      <aside><${Alarms} /><${Cases} /><${Boxes} /></aside>
      <${ChosenSite} />
    </main>`;
}

effect(() => {
  document.documentElement.lang = language.value;
  document.documentElement.dataset.theme = theme.value;
  document.body.dataset.connection = isLive.value ? "live" : "stale";
  if (city.value) document.title = `${pick(city.value.name, city.value.name_en)} · Egret`;
});
setInterval(() => (ticking.value = Date.now()), TICK_MS);

document.getElementById("board").replaceChildren();
render(html`<${Board} />`, document.getElementById("board"));
await follow();
