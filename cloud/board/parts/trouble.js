/** What went wrong, for a person: what, how to put it right, and the code to search for. */
import { html } from "../core/html.js";
import { say } from "../core/words.js";

export function Trouble({ of: problem }) {
  if (!problem) return null;
  const code = problem.code ? html` <small>${problem.code}</small>` : null;
  if (problem.status === undefined) return html`<p class="trouble" role="alert">${say("trouble.unreachable")}</p>`;
  if (problem.status === 412) return html`<p class="trouble" role="alert">${say("trouble.overtaken")}${code}</p>`;
  return html`<p class="trouble" role="alert">${problem.message} <span>${problem.fix}</span>${code}</p>`;
}

/** In place of an answer: that it is under way, or why there is none. */
export function Waiting({ trouble }) {
  return trouble ? html`<${Trouble} of=${trouble} />` : html`<p class="quiet" role="status">${say("loading")}</p>`;
}
