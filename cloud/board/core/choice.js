/** Which site the chart shows: the one a person chose, or else the one most worth looking at. */
import { computed, signal } from "@preact/signals";

import { activeAlarms, sites, valueOf } from "./city.js";

const picked = signal(null);
let nearest = null;

export const chosen = computed(() => {
  if (sites.value.has(picked.value)) return picked.value;
  const worst = activeAlarms.value.find((alarm) => sites.value.has(alarm.site));
  return worst?.site ?? nearestToLimit();
});

export function choose(site) {
  picked.value = site;
}

/** The site whose value is nearest to its lowest limit when first asked: a quiet city has a steady picture. */
function nearestToLimit() {
  if (!sites.value.has(nearest)) {
    const share = (site) =>
      Math.max(0, ...site.sensors.flatMap(({ id, limits }) => limits.map((row) => valueOf(id, row.quantity)?.value / row.limit || 0)));
    const ranked = [...sites.peek().values()].map((site) => [share(site), site.id]).sort((one, other) => other[0] - one[0]);
    nearest = ranked[0]?.[0] > 0 ? ranked[0][1] : null;
  }
  return nearest;
}
