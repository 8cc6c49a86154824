/** The way to every page: at the left of a screen, at the bottom of a phone. */
import { html } from "../core/html.js";
import { href, route } from "../core/route.js";
import { may } from "../core/session.js";
import { say } from "../core/words.js";
import { Glyph } from "./glyphs.js";

const ENTRIES = [
  ["city", ["city", "sites"]],
  ["alarms", ["alarms", "load"]],
  ["cases", ["cases"]],
  ["typhoon", ["typhoon"]],
  ["evaluation", ["evaluation"], "evaluate"],
  ["duty", ["duty"]],
  ["fleet", ["fleet"]],
  ["users", ["users"], "manage_users"],
];

export function Rail() {
  const shown = ENTRIES.filter(([, , right]) => !right || may(right));
  return html`<nav class="rail" aria-label=${say("pages")}>
    ${shown.map(
      ([name, pages]) => html`<a key=${name} href=${href(name)} aria-current=${pages.includes(route.value.page) ? "page" : undefined}>
        <${Glyph} name=${name} /><span>${say(`page.${name}`)}</span>
      </a>`,
    )}
  </nav>`;
}
