/** What an operator does to alarms, one or many at once: acknowledge, shelve, take out of service, put back. */
import { useSignal } from "@preact/signals";

import { post, Problem } from "../core/api.js";
import { alarms, answerTo, takeAlarms } from "../core/city.js";
import { html } from "../core/html.js";
import { useAct } from "../core/loaded.js";
import { may } from "../core/session.js";
import { say } from "../core/words.js";
import { ActDialog, Field } from "./dialog.js";

const AT_ONCE = 500;
const SHELVE_MINUTES = [15, 60, 240, 720, 1440];

/** What became of them is shown at once; the stream says it again. Throws a Problem when nothing was done to any. */
export async function act(ids, what) {
  const done = [];
  const take = answerTo(takeAlarms, alarms, "id");
  for (let at = 0; at < ids.length; at += AT_ONCE) {
    done.push(...(await post("alarms/acts", { alarms: ids.slice(at, at + AT_ONCE), act: what })));
  }
  take(done.filter((one) => one.alarm).map((one) => one.alarm));
  const refused = done.filter((one) => one.problem);
  if (refused.length === 0) return;
  const [{ problem: detail, code }] = refused;
  throw new Problem(409, { detail, code, fix: say("alarms.refused", { count: refused.length }) });
}

/** The button goes with what it did: whoever works by keyboard goes on in the same row, or in the next. */
function focusAfter(button) {
  if (!button.matches(":focus-visible")) return () => {};
  const row = button.closest("[data-alarm]");
  const near = [row, row?.nextElementSibling, row?.previousElementSibling];
  return () =>
    requestAnimationFrame(() => {
      if (document.activeElement === document.body) near.find((one) => one?.isConnected)?.querySelector("button, a")?.focus();
    });
}

export function Acknowledge({ ids, words = say("ack") }) {
  const acting = useAct(async (button) => {
    const goOn = focusAfter(button);
    await act(ids, { act: "acknowledge" });
    goOn();
  });
  if (!may("act_on_alarms")) return null;
  const title = acting.trouble.value?.message;
  const isDisabled = acting.isBusy.value || !ids.length;
  const acknowledge = (event) => acting.act(event.currentTarget);
  return html`<button class="small ack" disabled=${isDisabled} title=${title} onClick=${acknowledge}>
    ${title ? "⚠ " : ""}${words}
  </button>`;
}

/** The rest: each asks for a reason, shelving for an end, too. */
export function More({ ids, kinds, onDone = () => {} }) {
  const asked = useSignal("");
  if (!may("act_on_alarms")) return null;
  const close = () => (asked.value = "");
  const done = () => {
    close();
    onDone();
  };
  return html`${kinds.map((kind) => html`<button
      key=${kind}
      class="small"
      disabled=${!ids.length}
      onClick=${() => (asked.value = kind)}
    >${say(`act.${kind}`)}</button>`)}
    ${asked.value && html`<${Asking} kind=${asked.value} ids=${ids} onDone=${done} onClose=${close} />`}`;
}

const NEEDS_REASON = new Set(["shelve", "take_out"]);

function Asking({ kind, ids, onDone, onClose }) {
  const acting = useAct(({ note, minutes }) => act(ids, { act: kind, note, ...(minutes && { seconds: minutes * 60 }) }), onDone);
  const needsReason = NEEDS_REASON.has(kind);
  const title = `${say(`act.${kind}`)} · ${say("alarms.chosen", { count: ids.length })}`;
  const label = needsReason ? say("reason") : say("note.optional");
  return html`<${ActDialog} title=${title} confirm=${say(`act.${kind}`)} act=${acting} onClose=${onClose}>
    <${Field} label=${label} name="note" required=${needsReason} maxlength="2000" autofocus />
    ${kind === "shelve" &&
    html`<${Field} label=${say("shelve.until")} hint=${say("shelve.hint")}>
      <select name="minutes">${SHELVE_MINUTES.map((minutes) => html`<option value=${minutes}>${say("minutes", { count: minutes })}</option>`)}</select>
    <//>`}
  <//>`;
}
