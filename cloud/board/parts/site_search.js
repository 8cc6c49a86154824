/** Finds a district, a site, a box or a case by a part of its name or number; all by keyboard. */
import { useId, useRef } from "preact/hooks";
import { useSignal } from "@preact/signals";

import { cases, city, districtName } from "../core/city.js";
import { choose } from "../core/choice.js";
import { html } from "../core/html.js";
import { go, route } from "../core/route.js";
import { scopeTo } from "../core/scope.js";
import { pick, say } from "../core/words.js";
import { caseTitle } from "./case_words.js";

const SHOWN = 8;

function* matches(text) {
  const wanted = text.toLowerCase();
  const has = (...words) => words.some((word) => word?.toLowerCase().includes(wanted));
  for (const id of Object.keys(city.value.districts)) {
    if (has(id, districtName(id))) yield { page: "city", id: "", district: id, name: districtName(id), aside: say("district") };
  }
  for (const { id, name, name_en, district } of city.value.sites) {
    if (has(id, name, name_en)) yield { page: "sites", id, name: pick(name, name_en), aside: `${districtName(district)} · ${id}` };
  }
  for (const item of cases.value.values()) {
    if (has(item.number, item.title)) yield { page: "cases", id: item.number, name: caseTitle(item), aside: item.number };
  }
  for (const { id, name } of city.value.boxes) {
    if (has(id, name)) yield { page: "fleet", id: "", query: { box: id }, name, aside: id };
  }
}

function firstOf(text) {
  const found = [];
  for (const match of matches(text)) if (found.push(match) === SHOWN) break;
  return found;
}

function Option({ id, match, isAt, onOpen }) {
  return html`<li id=${id} role="option" aria-selected=${isAt} onPointerDown=${onOpen}>${match.name} <small>${match.aside}</small></li>`;
}

export function SiteSearch() {
  const text = useSignal("");
  const at = useSignal(0);
  const list = useId();
  const field = useRef(null);
  const found = text.value.trim() ? firstOf(text.value.trim()) : [];
  const open = (match) => {
    if (match.district) scopeTo(match.district);
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
  const isOpen = found.length > 0;
  const idOf = (place) => `${list}-${place}`;
  const option = (match, place) => {
    const key = match.page + match.id + match.name;
    return html`<${Option} key=${key} id=${idOf(place)} match=${match} isAt=${place === at.value} onOpen=${() => open(match)} />`;
  };
  return html`<search class="search">
    <input ref=${field} type="search" role="combobox" value=${text.value} autocomplete="off"
      placeholder=${say("search")} aria-label=${say("search")} aria-expanded=${isOpen} aria-controls=${list}
      aria-activedescendant=${isOpen ? idOf(at.value) : undefined} onInput=${type} onKeyDown=${press} />
    <ul id=${list} role="listbox" aria-label=${say("search.found")} hidden=${!isOpen}>
      ${found.map(option)}
    </ul>
  </search>`;
}
