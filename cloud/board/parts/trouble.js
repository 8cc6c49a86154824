/** What went wrong, for a person: what, how to put it right, and the code to search for. */
import { html } from "../core/html.js";
import { say } from "../core/words.js";

/** A dead network has no status, and a version that is none any more has 412. */
export function troubleWords(problem) {
  if (problem.status === undefined) return say("trouble.unreachable");
  return problem.status === 412 ? say("trouble.overtaken") : problem.message;
}

export function Trouble({ of: problem }) {
  if (!problem) return null;
  const code = problem.code ? html` <small>${problem.code}</small>` : null;
  const fix = problem.fix && problem.status !== 412 ? html` <span>${problem.fix}</span>` : null;
  return html`<p class="trouble" role="alert">${troubleWords(problem)}${fix}${code}</p>`;
}

/** In place of an answer: that it is under way, or why there is none. */
export function Waiting({ trouble }) {
  return trouble ? html`<${Trouble} of=${trouble} />` : html`<p class="quiet" role="status">${say("loading")}</p>`;
}
