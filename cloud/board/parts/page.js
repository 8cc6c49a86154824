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
