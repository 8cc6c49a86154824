/** Which site the map rings and the chart shows: the one a person chose, or else the one most worth looking at. */
import { computed, effect, signal } from "@preact/signals";

import { get, isExpected } from "./api.js";
import { markedSites, sites } from "./city.js";
import { isWall } from "./route.js";

const TURN_MS = 12_000; // on a wall each site in alarm is shown so long
const [SETTLED_MS, LATEST_MS] = [300, 2_000]; // a burst of alarms is drawn first, and then the one site below the map

const picked = signal(null);
/** Where nothing is wrong: the site that a typhoon would endanger most. */
const quietest = signal(null);
const turn = signal(0);

/** The worst, each of those in alarm in turn on a wall, or the quietest. */
const offered = computed(() => {
  const known = markedSites.value.filter((site) => sites.value.has(site));
  return known[turn.value % known.length] ?? quietest.value;
});

const settled = signal(null);
let [settling, since] = [0, 0];
effect(() => {
  if (offered.value === settled.peek()) return;
  since ||= Date.now();
  clearTimeout(settling);
  settling = setTimeout(() => {
    since = 0;
    settled.value = offered.peek();
  }, Math.min(SETTLED_MS, Math.max(0, since + LATEST_MS - Date.now())));
});

export const chosen = computed(() => (sites.value.has(picked.value) ? picked.value : settled.value));

export function choose(site) {
  picked.value = site;
}

/** Begins once the city is known. */
export async function findQuietest() {
  if (isWall) setInterval(() => (turn.value += 1), TURN_MS);
  try {
    const { sites: ranked } = await get("ranking", { limit: 1 });
    quietest.value = ranked[0]?.site ?? sites.value.keys().next().value ?? null;
  } catch (error) {
    if (!isExpected(error)) throw error;
    quietest.value = sites.value.keys().next().value ?? null;
  }
}
