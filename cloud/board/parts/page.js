/** The frame of every page but the city's: a heading, what belongs beside it, and the page itself. */
import { html } from "../core/html.js";

export function Page({ title, beside, className = "", children }) {
  return html`<main class=${`page ${className}`} id="page" tabindex="-1">
    <div class="page-head"><h1>${title}</h1>${beside}</div>
    ${children}
  </main>`;
}

/** One of several ways to show a page, as links. */
export function Tabs({ label, tabs, chosen }) {
  return html`<nav class="tabs" aria-label=${label}>${tabs.map(([key, words, address]) => html`<a key=${key} href=${address} aria-current=${key === chosen ? "true" : undefined}>${words}</a>`)}</nav>`;
}

/** A table wider than its page scrolls by itself, with the keyboard, too. */
export function Scroll({ label, className = "scroll", children }) {
  return html`<div class=${className} role="region" aria-label=${label} tabindex="0">${children}</div>`;
}

/** The head of a column without a word for the eye. */
export function Unnamed({ label }) {
  return html`<th scope="col"><span class="unseen">${label}</span></th>`;
}
