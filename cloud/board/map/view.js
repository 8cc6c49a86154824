/** What the map shows: how large it is, how far one zoomed in, and where a place of the city lies in it. */
import { computed, effect, signal, untracked } from "@preact/signals";

import { city, map, sites } from "../core/city.js";
import { district } from "../core/scope.js";
import { around, boundsOf, clearing, hull, middle, placedOf, pointsOf, projection } from "./geometry.js";

const NARROW_PX = 700;
const ZOOM_MAX = 60;
/** px kept free around the outermost. */
const ROOM = { wide: 56, narrow: 30 };

export const size = signal({ width: 0, height: 0 });
/** Zoom factor over the whole city, and how far it is dragged, in px. */
export const view = signal({ zoom: 1, x: 0, y: 0 });
export const isNarrow = computed(() => size.value.width < NARROW_PX);

export const placed = computed(() => placedOf([...sites.value.values()]));

const plane = computed(() => {
  const ofSites = boundsOf(placed.value.map((site) => [site.longitude, site.latitude]));
  return projection(map.value.bounds ? around(map.value.bounds, ofSites) : ofSites);
});

/** px per metre when the whole city fits. */
const fit = computed(() => {
  const { width, height } = size.value;
  const room = isNarrow.value ? ROOM.narrow : ROOM.wide;
  return Math.max(1e-6, Math.min((width - 2 * room) / plane.value.width, (height - 2 * room) / plane.value.height));
});

/** Places of the sites in px from the middle of the map, at zoom 1. */
export const spots = computed(() => new Map(placed.value.map((site) => [site.id, spotOf(site.longitude, site.latitude)])));

function spotOf(longitude, latitude) {
  return plane.value.project(longitude, latitude).map((metres) => metres * fit.value);
}

/** The grounds of the districts in px at zoom 1: built from map data, or else the hulls of their sites. */
export const grounds = computed(() => {
  const { districts } = map.value;
  if (districts.length) {
    return districts.map(({ id, name, rings }) => ground(id, city.value.districts[id] ?? name, rings.map(pointsOf), true));
  }
  const ofDistrict = Map.groupBy(placed.value, (site) => site.district);
  return [...ofDistrict].map(([id, members]) => {
    const outline = hull(members.map((site) => [site.longitude, site.latitude]));
    return ground(id, city.value.districts[id] ?? id, [outline], false);
  });
});

function ground(id, name, rings, isBuilt) {
  const own = placed.value.filter((site) => site.district === id).map((site) => spots.value.get(site.id));
  const drawn = rings.map((ring) => ring.map(([lon, lat]) => spotOf(lon, lat)));
  const path = drawn.map((ring) => `M${ring.map(([x, y]) => `${x.toFixed(1)} ${y.toFixed(1)}`).join("L")}Z`).join("");
  const points = drawn.flat();
  const heights = points.map(([, y]) => y);
  const at = isBuilt ? clearing(drawn, own) : middle(drawn);
  return { id, name, path, isBuilt, at, top: Math.min(...heights), bottom: Math.max(...heights), points };
}

export function toScreen([x, y]) {
  const { zoom, x: left, y: top } = view.value;
  return [size.value.width / 2 + left + x * zoom, size.value.height / 2 + top + y * zoom];
}

/** Whole degrees and tenths that lie on the map, as [degrees, px of the screen]. */
export function graticule() {
  const [west, south, east, north] = plane.value.bounds;
  const tenths = (from, to) => Array.from({ length: Math.min(60, Math.ceil((to - from) * 10) + 10) }, (_, at) => Math.floor(from * 10 - 5 + at) / 10);
  return {
    meridians: tenths(west, east).map((lon) => [lon, toScreen(spotOf(lon, south))[0]]),
    parallels: tenths(south, north).map((lat) => [lat, toScreen(spotOf(west, lat))[1]]),
  };
}

export function metresPerPx() {
  return 1 / (fit.value * view.value.zoom);
}

export function zoomAt(factor, x, y) {
  const { zoom, x: left, y: top } = view.value;
  const next = Math.min(ZOOM_MAX, Math.max(1, zoom * factor));
  const [atX, atY] = [x - size.value.width / 2, y - size.value.height / 2];
  const ratio = next / zoom;
  view.value = next === 1 ? { zoom: 1, x: 0, y: 0 } : { zoom: next, x: atX - (atX - left) * ratio, y: atY - (atY - top) * ratio };
}

export function zoomMiddle(factor) {
  zoomAt(factor, size.value.width / 2, size.value.height / 2);
}

export function pan(x, y) {
  view.value = { ...view.value, x: view.value.x + x, y: view.value.y + y };
}

/** Shows points (px at zoom 1) as large as they fit. */
function showAll(points) {
  const [left, top, right, bottom] = boundsOf(points);
  const { width, height } = size.value;
  const zoom = Math.min(ZOOM_MAX, Math.max(1, 0.8 * Math.min(width / (right - left || 1), height / (bottom - top || 1))));
  view.value = { zoom, x: (-zoom * (left + right)) / 2, y: (-zoom * (top + bottom)) / 2 };
}

/** Whoever looks at one district sees it large, and with the whole city all of it. */
function follow(id) {
  const shown = grounds.value.filter((one) => !id || one.id === id);
  if (shown.length) showAll(shown.flatMap((one) => one.points));
}

let followed = "";
effect(() => {
  const id = district.value;
  if (id === followed || !size.value.width) return;
  followed = id;
  untracked(() => follow(id));
});
