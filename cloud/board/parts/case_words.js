/** A case in words: its place, its stage, whose it is. */
import { sites } from "../core/city.js";
import { html } from "../core/html.js";
import { pick, say } from "../core/words.js";
import { personName, unitName } from "./people.js";

export const STAGES = ["reported", "filed", "dispatched", "handling", "fed_back", "verification", "closed"];

/** The name of its site; its title where it has none. */
export function caseTitle(item) {
  const site = sites.value.get(item.site);
  return site && item.members <= 1 ? pick(site.name, site.name_en) : pick(item.title, item.title_en);
}

/** What the title says beside the place. */
export function caseMatter(item) {
  const title = pick(item.title, item.title_en);
  const site = sites.value.get(item.site);
  const place = site ? pick(site.name, site.name_en) : "";
  return place && title.startsWith(place) ? title.slice(place.length).replace(/^[：:]\s*/, "") : title;
}

/** Unit and person who are responsible, or that nobody is. */
export function ownerOf(item) {
  if (!item.unit) return say("case.nobody");
  return [unitName(item.unit), item.person && personName(item.unit, item.person)].filter(Boolean).join(" · ");
}

export function Drill({ isDrill }) {
  return isDrill ? html`<em class="drill">${say("drill")}</em>` : null;
}

function Stage({ stage, isPast, isNow }) {
  const look = isPast ? "past" : isNow ? "now" : "";
  return html`<li class=${look} aria-current=${isNow ? "step" : undefined}>${say(`stage.${stage}`)}</li>`;
}

/** 上报 → … → 结案, and which of them it has reached. */
export function Stages({ item }) {
  const at = STAGES.indexOf(item.stage);
  return html`<ol class="stages" aria-label=${say("case.stage")}>
    ${STAGES.map((stage, place) => html`<${Stage} key=${stage} stage=${stage} isPast=${place < at} isNow=${place === at} />`)}
  </ol>`;
}
