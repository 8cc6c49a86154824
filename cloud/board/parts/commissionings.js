/** What field engineers have handed over of a site: each signed report, with its photo. */
import { get } from "../core/api.js";
import { dateTimeNs } from "../core/format.js";
import { html } from "../core/html.js";
import { useLoaded } from "../core/loaded.js";
import { say } from "../core/words.js";
import { Trouble } from "./trouble.js";

const SIGNS = { passed: "✓", failed: "✗" }; // of the self-test; nothing where there was none

function Report({ site, item }) {
  const place = `api/v1/sites/${encodeURIComponent(site)}/commissionings/${item.hash}`;
  return html`<li>
    <a href=${place} download>${item.sensor}</a> ${item.title} ${SIGNS[item.outcome]}
    <small>${item.begun.slice(0, 16).replace("T", " ")} UTC · ${item.person} · ${item.key} · ${dateTimeNs(item.added_ns)} ${item.added_by}</small>
    ${item.photo && html` <a href=${`${place}/photo`} target="_blank" rel="noopener">${say("act.photo")}</a>`}
  </li>`;
}

/** Nothing where nobody has handed anything over. */
export function Commissionings({ site }) {
  const { data, trouble } = useLoaded(() => get(`sites/${encodeURIComponent(site)}/commissionings`), [site]);
  if (!trouble.value && !data.value?.length) return null;
  return html`<section class="card"><h2>${say("site.handovers")}</h2>
    <${Trouble} of=${trouble.value} />
    <ul class="plain-list">${data.value?.map((item) => html`<${Report} key=${item.hash} site=${site} item=${item} />`)}</ul>
  </section>`;
}
