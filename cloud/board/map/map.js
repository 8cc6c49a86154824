/** The city's sites on an own SVG map: no tiles, no map package, nothing from outside. */
import { h } from "preact";
import { useEffect, useRef } from "preact/hooks";
import { computed, signal } from "@preact/signals";
import htm from "htm";

import { city, marks, offlineSites, sites } from "./city.js";
import { hull, middle, projection, roundBelow } from "./geometry.js";
import { Mark, severity } from "./levels.js";
import { choose, chosen } from "./choice.js";
import { Tooltip } from "./tooltip.js";
import { pick, say } from "./words.js";

const html = htm.bind(h);
const NARROW_PX = 700;
/** px kept free around the outermost sites, and from a district's outermost site to the middle of its name. */
const WIDE = { room: 76, label: 38 };
const NARROW = { room: 58, label: 27 };
const ZOOM_MAX = 40;
const SCALE_PX = 110;

const size = signal({ width: 0, height: 0 });
/** Zoom factor over the whole city, and how far it is dragged, in px. */
const view = signal({ zoom: 1, x: 0, y: 0 });
const hovered = signal(null);

const placed = computed(() => [...sites.value.values()].filter((site) => site.longitude !== null && site.latitude !== null));
const plane = computed(() => projection(placed.value));
const layout = computed(() => (size.value.width < NARROW_PX ? NARROW : WIDE));
/** px per metre when the whole city fits. */
const fit = computed(() => {
  const { width, height } = size.value;
  const { room } = layout.value;
  return Math.max(1e-6, Math.min((width - 2 * room) / plane.value.width, (height - 2 * room) / plane.value.height));
});
const grounds = computed(() => {
  const ofDistrict = Map.groupBy(placed.value, (site) => site.district);
  return [...ofDistrict].map(([district, members]) => {
    const outline = hull(members.map((site) => plane.value.project(site.longitude, site.latitude)));
    return { district, outline, at: middle(outline) };
  });
});

/** A district's name stands on the side of its ground that faces away from its nearest neighbour. */
function labelSide({ district, at }) {
  const others = grounds.value.filter((other) => other.district !== district);
  const far = ({ at: [x, y] }) => Math.hypot(x - at[0], y - at[1]);
  const nearest = others.sort((one, other) => far(one) - far(other))[0];
  return nearest && nearest.at[1] < at[1] ? "below" : "above";
}

function toScreen([x, y]) {
  const scale = fit.value * view.value.zoom;
  return [size.value.width / 2 + view.value.x + x * scale, size.value.height / 2 + view.value.y + y * scale];
}

function zoomAt(factor, x, y) {
  const { zoom, x: left, y: top } = view.value;
  const next = Math.min(ZOOM_MAX, Math.max(1, zoom * factor));
  const [atX, atY] = [x - size.value.width / 2, y - size.value.height / 2];
  const ratio = next / zoom;
  view.value = next === 1 ? { zoom: 1, x: 0, y: 0 } : { zoom: next, x: atX - (atX - left) * ratio, y: atY - (atY - top) * ratio };
}

function zoomMiddle(factor) {
  zoomAt(factor, size.value.width / 2, size.value.height / 2);
}

function drag(event) {
  if (event.buttons !== 1) return;
  const { zoom, x, y } = view.value;
  view.value = { zoom, x: x + event.movementX, y: y + event.movementY };
}

function Ground() {
  const shapes = grounds.value.map(({ district, outline }) => {
    const path = `M${outline.map((point) => toScreen(point).map(Math.round).join(" ")).join("L")}Z`;
    return html`<path key=${district} d=${path} />`;
  });
  // Every coast first, then all land: where districts touch, no line crosses the land of another.
  return html`<g class="water far">${shapes}</g><g class="water near">${shapes}</g><g class="coast">${shapes}</g><g class="land">${shapes}</g>`;
}

function Names() {
  return grounds.value.map((ground) => {
    const [x] = toScreen(ground.at);
    const heights = ground.outline.map((point) => toScreen(point)[1]);
    const y = labelSide(ground) === "below" ? Math.max(...heights) + layout.value.label : Math.min(...heights) - layout.value.label;
    return html`<text key=${ground.district} class="district" x=${x} y=${y}>
      ${city.value.districts[ground.district] ?? ground.district}
    </text>`;
  });
}

function Graticule() {
  const { west, east, south, north } = plane.value.bounds;
  const lines = [];
  for (let lon = Math.floor(west * 10 - 5) / 10; lon < east + 0.5; lon += 0.1) {
    const [x] = toScreen(plane.value.project(lon, south));
    lines.push(html`<path key=${`e${lon}`} d=${`M${x} 0V${size.value.height}`} />`);
    lines.push(html`<text key=${`E${lon}`} x=${x + 4} y="14">${lon.toFixed(1)}°E</text>`);
  }
  for (let lat = Math.floor(south * 10 - 5) / 10; lat < north + 0.5; lat += 0.1) {
    const [, y] = toScreen(plane.value.project(west, lat));
    lines.push(html`<path key=${`n${lat}`} d=${`M0 ${y}H${size.value.width}`} />`);
    if (y < size.value.height - 70) lines.push(html`<text key=${`N${lat}`} x="6" y=${y - 4}>${lat.toFixed(1)}°N</text>`);
  }
  return html`<g class="graticule">${lines}</g>`;
}

function SiteMark({ site }) {
  const mark = marks.value.get(site.id);
  const [x, y] = toScreen(plane.value.project(site.longitude, site.latitude));
  const name = pick(site.name, site.name_en);
  const isChosen = chosen.value === site.id;
  const isSevere = mark && !mark.isFault && severity(mark.level) > 2;
  const isNamed = layout.value === WIDE && (isChosen || isSevere);
  const isLeft = x > size.value.width * 0.7;
  const beside = (isChosen ? 24 : 18) * (isLeft ? -1 : 1);
  return html`<g
    class=${`site ${offlineSites.value.has(site.id) ? "offline" : ""} ${isChosen ? "chosen" : ""}`}
    data-site=${site.id}
    data-level=${mark && !mark.isFault ? mark.level : "normal"}
    data-fault=${mark?.isFault ? "true" : undefined}
    transform=${`translate(${x.toFixed(1)} ${y.toFixed(1)})`}
    onPointerEnter=${() => (hovered.value = { site, x, y })}
    onPointerLeave=${() => (hovered.value = null)}
    onClick=${() => choose(site.id)}
  >
    ${isChosen && html`<circle class="ring" r=${mark ? 19 : 10} />`}
    ${mark ? html`<${Mark} ...${mark} />` : html`<circle class="dot" r="3.5" />`}
    <circle class="reach" r="9" />
    ${isNamed && html`<text class=${isLeft ? "name left" : "name"} x=${beside} y="4">${name}</text>`}
  </g>`;
}

/** Quiet sites first, so that the worst mark lies on top. */
function Sites() {
  const rank = (site) => severity(marks.value.get(site.id)?.level) + (chosen.value === site.id ? 0.5 : 0);
  const ordered = [...placed.value].sort((one, other) => rank(one) - rank(other));
  return ordered.map((site) => html`<${SiteMark} key=${site.id} site=${site} />`);
}

function ScaleBar() {
  const scale = fit.value * view.value.zoom;
  const metres = roundBelow(SCALE_PX / scale);
  const words = metres < 1_000 ? `${metres} m` : `${metres / 1_000} km`;
  return html`<div class="scale"><i style=${{ width: `${metres * scale}px` }}></i>${words}</div>`;
}

export function CityMap() {
  const box = useRef(null);
  useEffect(() => {
    const measure = () => (size.value = { width: box.current.clientWidth, height: box.current.clientHeight });
    const observer = new ResizeObserver(measure);
    observer.observe(box.current);
    const wheel = (event) => {
      event.preventDefault();
      const { left, top } = box.current.getBoundingClientRect();
      zoomAt(2 ** (-event.deltaY / 300), event.clientX - left, event.clientY - top);
    };
    box.current.addEventListener("wheel", wheel, { passive: false });
    return () => observer.disconnect();
  }, []);
  const unplaced = sites.value.size - placed.value.length;
  return html`<section class="map" ref=${box} aria-label=${say("map")} onPointerMove=${drag}>
    ${placed.value.length > 0 &&
    size.value.width > 0 &&
    html`<svg width=${size.value.width} height=${size.value.height}>
        <${Graticule} /><${Ground} /><${Names} /><${Sites} />
      </svg>
      <${ScaleBar} />`}
    <div class="zoom">
      <button title=${say("map.closer")} aria-label=${say("map.closer")} onClick=${() => zoomMiddle(1.6)}>+</button>
      <button title=${say("map.farther")} aria-label=${say("map.farther")} onClick=${() => zoomMiddle(1 / 1.6)}>−</button>
      <button title=${say("map.whole")} aria-label=${say("map.whole")} onClick=${() => zoomMiddle(0)}>⌂</button>
    </div>
    <p class="note">${say("map.note")}${unplaced > 0 && ` · ${say("map.unplaced", { count: unplaced })}`}</p>
    <${Tooltip} hovered=${hovered} size=${size} />
  </section>`;
}
