/** Finds a site, a box or a case by a part of its name or number; all by keyboard. */
import { useId, useRef } from "preact/hooks";
import { useSignal } from "@preact/signals";

import { cases, city, districtName } from "../core/city.js";
import { choose } from "../core/choice.js";
import { html } from "../core/html.js";
import { go, route } from "../core/route.js";
import { pick, say } from "../core/words.js";
import { caseTitle } from "./case_words.js";

const SHOWN = 8;

function* matches(text) {
  const wanted = text.toLowerCase();
  const has = (...words) => words.some((word) => word?.toLowerCase().includes(wanted));
  for (const site of city.value.sites) if (has(site.id, site.name, site.name_en)) yield { page: "sites", id: site.id, name: pick(site.name, site.name_en), aside: `${districtName(site.district)} · ${site.id}` };
  for (const item of cases.value.values()) if (has(item.number, item.title)) yield { page: "cases", id: item.number, name: caseTitle(item), aside: item.number };
  for (const box of city.value.boxes) if (has(box.id, box.name)) yield { page: "fleet", id: "", query: { box: box.id }, name: box.name, aside: box.id };
}

function firstOf(text) {
  const found = [];
  for (const match of matches(text)) if (found.push(match) === SHOWN) break;
  return found;
}

export function SiteSearch() {
  const text = useSignal("");
  const at = useSignal(0);
  const list = useId();
  const field = useRef(null);
  const found = text.value.trim() ? firstOf(text.value.trim()) : [];
  const open = (match) => {
    if (match.page === "sites" && route.value.page === "city") choose(match.id);
    else go(match.page, match.id, match.query);
    text.value = "";
    field.current.blur();
  };
  const press = (event) => {
    if (event.key === "Escape") text.value = "";
    else if (event.key === "Enter" && found[at.value]) open(found[at.value]);
    else if (event.key === "ArrowDown") at.value = Math.min(at.value + 1, found.length - 1);
    else if (event.key === "ArrowUp") at.value = Math.max(at.value - 1, 0);
    else return;
    event.preventDefault();
  };
  const type = (event) => {
    text.value = event.target.value;
    at.value = 0;
  };
  return html`<search class="search">
    <input ref=${field} type="search" role="combobox" value=${text.value} placeholder=${say("search")} aria-label=${say("search")} autocomplete="off"
      aria-expanded=${found.length > 0} aria-controls=${list} aria-activedescendant=${found.length ? `${list}-${at.value}` : undefined} onInput=${type} onKeyDown=${press} />
    <ul id=${list} role="listbox" aria-label=${say("search.found")} hidden=${found.length === 0}>
      ${found.map(
        (match, place) => html`<li key=${match.page + match.id + match.aside} id=${`${list}-${place}`} role="option" aria-selected=${place === at.value} onPointerDown=${() => open(match)}>
          ${match.name} <small>${match.aside}</small>
        </li>`,
      )}
    </ul>
  </search>`;
}
