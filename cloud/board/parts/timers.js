/** Texts that change with the clock, each by itself: a list of five hundred is not drawn anew every second. */
import { useComputed } from "@preact/signals";

import { now } from "../core/city.js";
import { span } from "../core/format.js";
import { html } from "../core/html.js";
import { say } from "../core/words.js";

/** How long ago. */
export function Since({ time }) {
  const text = useComputed(() => span(now.value - time));
  return html`<time>${text}</time>`;
}

const OLD_MS = 60_000;

/** How old a reading is, once that is worth a word: a number that nobody renews looks as good as one of now. */
export function Old({ time }) {
  const text = useComputed(() => {
    const age = now.value - time;
    return age > OLD_MS ? say("age.value", { age: span(age) }) : "";
  });
  return text.value && html`<em class="old">${text.value}</em>`;
}

/** How long until a deadline, or how late it is. */
export function Until({ due }) {
  const isLate = useComputed(() => now.value > due);
  const text = useComputed(() => (isLate.value ? say("late", { span: span(now.value - due) }) : say("left", { span: span(due - now.value) })));
  return html`<time class=${isLate.value ? "late" : ""}>${text}</time>`;
}

/** A case's deadline: running, standing still, or none. */
export function Deadline({ item }) {
  if (item.suspended) return html`<time>${say("case.suspended")}</time>`;
  if (item.due === null) return html`<time>${say("case.no_deadline")}</time>`;
  return html`<${Until} key=${item.due} due=${item.due} />`;
}
