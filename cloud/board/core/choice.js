/** Which site the map rings and the chart shows: the one a person chose, or else the one most worth looking at. */
import { computed, signal } from "@preact/signals";

import { get, isExpected } from "./api.js";
import { markedSites, sites } from "./city.js";
import { isWall } from "./route.js";

const TURN_MS = 12_000; // on a wall each site in alarm is shown so long

const picked = signal(null);
/** Where nothing is wrong: the site that a typhoon would endanger most. */
const quietest = signal(null);
const turn = signal(0);

export const chosen = computed(() => {
  if (sites.value.has(picked.value)) return picked.value;
  const known = markedSites.value.filter((site) => sites.value.has(site));
  return known[turn.value % known.length] ?? quietest.value;
});

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
