/** The way to the dashboards of a Grafana, where the city has one (docs/operate/grafana.md names uids and variables). */
import { city } from "./city.js";

/** The dashboard of the site's kind over the same span, or empty. */
export function grafanaLink(site, spanMs) {
  const base = city.value.grafana;
  if (!base) return "";
  const query = new URLSearchParams({ "var-district": site.district, "var-site": site.id, from: `now-${spanMs / 1000}s`, to: "now" });
  return `${base.replace(/\/$/, "")}/d/egret-${site.kind}?${query}`;
}
