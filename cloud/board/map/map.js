/** The city on an own SVG map: no tiles, no map package, nothing from outside. */
import { useEffect, useRef } from "preact/hooks";
import { signal } from "@preact/signals";

import { map, markedSites, sites } from "../core/city.js";
import { choose, chosen } from "../core/choice.js";
import { html } from "../core/html.js";
import { say } from "../core/words.js";
import { MarkDefinitions } from "../parts/levels.js";
import { roundBelow } from "./geometry.js";
import { Graticule, Ground, Names } from "./ground.js";
import { Dots, Marks, Ring } from "./sites.js";
import { Tooltip } from "./tooltip.js";
import { metresPerPx, pan, placed, size, spots, toScreen, view, zoomAt, zoomMiddle } from "./view.js";

const SCALE_PX = 110;
const STEP_PX = 80;
const CLOSER = 1.6;

/** The site under the pointer, or null. */
const hovered = signal(null);

function siteAt(event) {
  const found = event.target.closest("[data-site],[data-place]");
  return found?.dataset.site ?? found?.dataset.place ?? null;
}

/** What changes with every alarm is a picture of its own above the rest: the browser draws it alone anew. */
function Layers() {
  const { zoom, x, y } = view.value;
  const { width, height } = size.value;
  const moved = `translate(${width / 2 + x} ${height / 2 + y})`;
  return html`<svg width=${width} height=${height} role="img" aria-label=${say("map")} style=${`--zoom:${zoom}`}>
      <${Graticule} />
      <g transform=${`${moved} scale(${zoom})`}><${Ground} /></g>
      <g transform=${moved}><${Dots} /></g>
    </svg>
    <svg class="above" width=${width} height=${height} aria-hidden="true" style=${`--zoom:${zoom}`}>
      <${MarkDefinitions} />
      <${Names} />
      <g transform=${moved}><${Marks} /><${Ring} /></g>
    </svg>`;
}

function ScaleBar() {
  const metres = roundBelow(SCALE_PX * metresPerPx());
  const words = metres < 1_000 ? `${metres} m` : `${metres / 1_000} km`;
  return html`<div class="scale"><i style=${{ width: `${metres / metresPerPx()}px` }}></i>${words}</div>`;
}

/** Where the outlines are from, and what is not on the map. */
function Note() {
  const { source, approval, districts } = map.value;
  const missing = sites.value.size - placed.value.length;
  const told = [districts.length ? source : say("map.sketched"), approval, "WGS-84", missing > 0 && say("map.unplaced", { count: missing })];
  return html`<p class="note">${told.filter(Boolean).join(" · ")}</p>`;
}

/** The next or the one before of what is wrong, for those who use no mouse. */
function step(by) {
  const known = markedSites.value.filter((id) => spots.value.has(id));
  if (known.length) choose(known[(known.indexOf(chosen.value) + by + known.length) % known.length]);
}

const KEYS = {
  ArrowLeft: () => pan(STEP_PX, 0),
  ArrowRight: () => pan(-STEP_PX, 0),
  ArrowUp: () => pan(0, STEP_PX),
  ArrowDown: () => pan(0, -STEP_PX),
  "+": () => zoomMiddle(CLOSER),
  "-": () => zoomMiddle(1 / CLOSER),
  0: () => zoomMiddle(0),
  n: () => step(1),
  p: () => step(-1),
};

function press(event) {
  const act = KEYS[event.key];
  if (!act || event.ctrlKey || event.metaKey) return;
  event.preventDefault();
  act();
}

function useSizeAndWheel(place) {
  useEffect(() => {
    const element = place.current;
    const measure = () => (size.value = { width: element.clientWidth, height: element.clientHeight });
    const observer = new ResizeObserver(measure);
    observer.observe(element);
    const wheel = (event) => {
      event.preventDefault();
      const { left, top } = element.getBoundingClientRect();
      zoomAt(2 ** (-event.deltaY / 300), event.clientX - left, event.clientY - top);
    };
    element.addEventListener("wheel", wheel, { passive: false });
    return () => observer.disconnect();
  }, []);
}

/** What the site under the pointer measures. */
function Hovered() {
  const id = hovered.value;
  const spot = spots.value.get(id);
  return spot ? html`<${Tooltip} key=${id} site=${sites.value.get(id)} at=${toScreen(spot)} />` : null;
}

export function CityMap() {
  const place = useRef(null);
  useSizeAndWheel(place);
  const move = (event) => event.buttons === 1 && pan(event.movementX, event.movementY);
  const over = (event) => (hovered.value = event.pointerType === "mouse" ? siteAt(event) : null);
  const click = (event) => siteAt(event) && choose(siteAt(event));
  return html`<section class="map" ref=${place} tabindex="0" aria-label=${say("map.keys")} onKeyDown=${press}
    onPointerMove=${move} onPointerOver=${over} onPointerLeave=${() => (hovered.value = null)} onClick=${click}>
    ${size.value.width > 0 && placed.value.length > 0 && html`<${Layers} /><${ScaleBar} />`}
    <div class="zoom">
      <button title=${say("map.closer")} aria-label=${say("map.closer")} onClick=${() => zoomMiddle(CLOSER)}>+</button>
      <button title=${say("map.farther")} aria-label=${say("map.farther")} onClick=${() => zoomMiddle(1 / CLOSER)}>−</button>
      <button title=${say("map.whole")} aria-label=${say("map.whole")} onClick=${() => zoomMiddle(0)}>⌂</button>
    </div>
    <${Note} />
    <${Hovered} />
  </section>`;
}
