/** Flat geometry of a city in WGS-84: projection, outlines, round numbers for a scale bar. */

const METRES_PER_DEGREE = 111_320;
const CANDIDATES = 9; // in each direction
const FAR_DEG = 1.5; // some 160 km from the middle of all sites: no city is so large

/** Equirectangular around the middle of `bounds` [west, south, east, north]: metres east and south of it. Good to
 * 0.1 % over a city. */
export function projection([west, south, east, north]) {
  const [lon0, lat0] = [(west + east) / 2, (south + north) / 2];
  const metresPerLongitude = METRES_PER_DEGREE * Math.cos((lat0 * Math.PI) / 180);
  return {
    project: (lon, lat) => [(lon - lon0) * metresPerLongitude, (lat0 - lat) * METRES_PER_DEGREE],
    width: Math.max((east - west) * metresPerLongitude, 1_000),
    height: Math.max((north - south) * METRES_PER_DEGREE, 1_000),
    bounds: [west, south, east, north],
  };
}

function median(numbers) {
  return numbers.toSorted((one, other) => one - other)[numbers.length >> 1];
}

/** Sites with a place, apart from those that lie in another part of the world: their coordinates are wrong. */
export function placedOf(sites) {
  const having = sites.filter((site) => site.longitude !== null && site.latitude !== null);
  const [lon, lat] = [median(having.map((site) => site.longitude)), median(having.map((site) => site.latitude))];
  return having.filter((site) => Math.abs(site.longitude - lon) < FAR_DEG && Math.abs(site.latitude - lat) < FAR_DEG);
}

/** [west, south, east, north] of points [longitude, latitude]; of none, of the whole world. */
export function boundsOf(points) {
  if (points.length === 0) return [-180, -90, 180, 90];
  const [lons, lats] = [points.map(([lon]) => lon), points.map(([, lat]) => lat)];
  return [Math.min(...lons), Math.min(...lats), Math.max(...lons), Math.max(...lats)];
}

/** The smallest bounds around both. */
export function around(one, other) {
  return [Math.min(one[0], other[0]), Math.min(one[1], other[1]), Math.max(one[2], other[2]), Math.max(one[3], other[3])];
}

/** The points of a flat ring [lon, lat, lon, lat, …]. */
export function pointsOf(ring) {
  return Array.from({ length: ring.length / 2 }, (_, at) => [ring[2 * at], ring[2 * at + 1]]);
}

/** The convex hull of points [x, y], in order (Andrew's monotone chain). */
export function hull(points) {
  const sorted = [...points].sort((one, other) => one[0] - other[0] || one[1] - other[1]);
  const turn = (o, a, b) => (a[0] - o[0]) * (b[1] - o[1]) - (a[1] - o[1]) * (b[0] - o[0]);
  const chain = (ordered) => {
    const kept = [];
    for (const point of ordered) {
      while (kept.length > 1 && turn(kept.at(-2), kept.at(-1), point) <= 0) kept.pop();
      kept.push(point);
    }
    return kept.slice(0, -1);
  };
  return sorted.length < 3 ? sorted : [...chain(sorted), ...chain(sorted.reverse())];
}

/** Twice the area of a ring of points, and the middle of that area (shoelace formula). */
function areaAndMiddle(points) {
  let [area, x, y] = [0, 0, 0];
  points.forEach(([x1, y1], at) => {
    const [x2, y2] = points[(at + 1) % points.length];
    const part = x1 * y2 - x2 * y1;
    area += part;
    x += (x1 + x2) * part;
    y += (y1 + y2) * part;
  });
  return area === 0 ? [0, points[0]] : [Math.abs(area), [x / (3 * area), y / (3 * area)]];
}

/** The middle of the largest of some rings of points. */
export function middle(rings) {
  const [, at] = rings.map(areaAndMiddle).reduce((one, other) => (other[0] > one[0] ? other : one));
  return at;
}

/** Does the point lie within the rings, by the even-odd rule? */
function isInside([x, y], rings) {
  let crossings = 0;
  for (const ring of rings) {
    ring.forEach(([x1, y1], at) => {
      const [x2, y2] = ring[(at + 1) % ring.length];
      if (y1 > y !== y2 > y && x < ((x2 - x1) * (y - y1)) / (y2 - y1) + x1) crossings += 1;
    });
  }
  return crossings % 2 === 1;
}

/** Where within the rings a name covers the fewest of some points: far from them all, and not far from the middle. */
export function clearing(rings, points) {
  const home = middle(rings);
  const [left, top, right, bottom] = boundsOf(rings.flat());
  const steps = Array.from({ length: CANDIDATES }, (_, at) => (at + 0.5) / CANDIDATES);
  const candidates = steps.flatMap((across) => steps.map((down) => [left + across * (right - left), top + down * (bottom - top)]));
  const worth = (spot) => {
    const free = Math.min(...points.map((point) => Math.hypot(point[0] - spot[0], (point[1] - spot[1]) * 1.6))); // names are wide
    return Math.min(free, (right - left) / 4) - 0.25 * Math.hypot(spot[0] - home[0], spot[1] - home[1]);
  };
  return candidates.filter((spot) => isInside(spot, rings)).reduce((best, spot) => (worth(spot) > worth(best) ? spot : best), home);
}

/** The largest 1, 2 or 5 · 10ⁿ that is not above `most`. */
export function roundBelow(most) {
  const power = 10 ** Math.floor(Math.log10(most));
  return power * [5, 2, 1].find((step) => step * power <= most);
}
