/** Flat geometry of a city in WGS-84: projection, outlines, round numbers for a scale bar. */

const METRES_PER_DEGREE = 111_320;

/** Equirectangular around the middle of the places: metres east and south of it. Good to 0.1 % over a city. */
export function projection(places) {
  const [west, east] = extent(places.map((place) => place.longitude));
  const [south, north] = extent(places.map((place) => place.latitude));
  const [lon0, lat0] = [(west + east) / 2, (south + north) / 2];
  const metresPerLongitude = METRES_PER_DEGREE * Math.cos((lat0 * Math.PI) / 180);
  return {
    project: (lon, lat) => [(lon - lon0) * metresPerLongitude, (lat0 - lat) * METRES_PER_DEGREE],
    width: Math.max((east - west) * metresPerLongitude, 1_000),
    height: Math.max((north - south) * METRES_PER_DEGREE, 1_000),
    bounds: { west, east, south, north },
  };
}

function extent(numbers) {
  return [Math.min(...numbers), Math.max(...numbers)];
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

/** The middle of the points' extent. */
export function middle(points) {
  const [left, right] = extent(points.map((point) => point[0]));
  const [top, bottom] = extent(points.map((point) => point[1]));
  return [(left + right) / 2, (top + bottom) / 2];
}

/** The largest 1, 2 or 5 · 10ⁿ that is not above `most`. */
export function roundBelow(most) {
  const power = 10 ** Math.floor(Math.log10(most));
  return power * [5, 2, 1].find((step) => step * power <= most);
}
