/** The frame of every page but the city's: a heading, what belongs beside it, and the page itself. */
import { html } from "../core/html.js";
import { say } from "../core/words.js";
import { Glyph } from "./glyphs.js";

export function Page({ title, beside, className = "", children }) {
  return html`<main class=${`page ${className}`} id="page" tabindex="-1">
    <div class="page-head"><h1>${title}</h1>${beside}</div>
    ${children}
  </main>`;
}

/** One of several ways to show a page, as links. */
export function Tabs({ label, tabs, chosen }) {
  const current = (key) => (key === chosen ? "true" : undefined);
  return html`<nav class="tabs" aria-label=${label}>
    ${tabs.map(([key, words, address]) => html`<a key=${key} href=${address} aria-current=${current(key)}>${words}</a>`)}
  </nav>`;
}

/** A table wider than its page scrolls by itself, with the keyboard, too. */
export function Scroll({ label, className = "scroll", children }) {
  return html`<div class=${className} role="region" aria-label=${label} tabindex="0">${children}</div>`;
}

/** The heads of columns by their names; those of numbers stand at the right. */
export function Heads({ names, numbers }) {
  return names.map((name) => html`<th key=${name} scope="col" class=${numbers.has(name) ? "number" : ""}>
    ${say(`column.${name}`)}
  </th>`);
}

/** The head of a column without a word for the eye. */
export function Unnamed({ label }) {
  return html`<th scope="col"><span class="unseen">${label}</span></th>`;
}

export function PrintButton() {
  return html`<button class="plain print-button" onClick=${() => print()} title=${say("print")} aria-label=${say("print")}>
    <${Glyph} name="print" />
  </button>`;
}
