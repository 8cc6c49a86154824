/** The boxes: which are online, and how many readings still wait in each spool. */
import { h } from "preact";
import htm from "htm";

import { boxes, city, now, quantities, unregistered } from "./city.js";
import { amount, span } from "./format.js";
import { say } from "./words.js";

const html = htm.bind(h);
const BACKLOG = 1_000; // readings: a healthy box has a second or two of them under way

function Box({ id, name }) {
  const box = boxes.value.get(id);
  const state = box === undefined ? "unknown" : box.online ? "online" : "offline";
  const hint = say(`box.${state}`);
  const waiting = box?.waiting ?? 0;
  const aside = { unknown: hint, offline: box && span(now.value - box.since), online: waiting || "" }[state];
  const title = `${name} · ${hint} · ${say("box.waiting", { count: waiting })}`;
  return html`<li class=${`box ${state} ${waiting > BACKLOG ? "backlog" : ""}`} data-box=${id} data-state=${state} title=${title}>
    <i></i><span>${id}</span><small>${aside}</small>
  </li>`;
}

export function Boxes() {
  const states = [...boxes.value.values()];
  const online = states.filter((box) => box.online).length;
  return html`<section class="boxes">
    <h2>
      ${say("boxes")} <b>${city.value.boxes.length}</b>
      <small>${say("boxes.online", { count: online })}${states.length > online && html` · <em>${say("boxes.offline", { count: states.length - online })}</em>`}</small>
    </h2>
    <ul>${city.value.boxes.map((box) => html`<${Box} key=${box.id} ...${box} />`)}</ul>
    <${Unregistered} />
  </section>`;
}

function Unregistered() {
  if (unregistered.value.length === 0) return null;
  return html`<h2>${say("unregistered")}</h2>
    <ul class="unregistered">
      ${unregistered.value.map(
        (one) => html`<li key=${one.sensor + one.quantity}>
          <span>${one.sensor}</span> ${one.quantity} <b>${amount(one.value, quantities.value.get(one.quantity))}</b> <small>${one.box}</small>
        </li>`,
      )}
    </ul>`;
}
