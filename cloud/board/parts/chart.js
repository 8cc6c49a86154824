/** One quantity of one site over a span of time that ends now, with its limits as lines. */
import { useEffect, useRef } from "preact/hooks";
import { effect, signal, untracked, useSignal } from "@preact/signals";

import { isExpected, series } from "../core/api.js";
import { isLive, now, quantities } from "../core/city.js";
import { clockTime, day, number, unit } from "../core/format.js";
import { html } from "../core/html.js";
import { colours } from "../core/theme.js";
import { pick, say } from "../core/words.js";
import { numeral } from "./levels.js";
import { Track } from "./track.js";

const { uPlot } = globalThis;
const BUCKETS = 300;
const AGAIN_MS = 10_000; // a store that is down may come back
const DAY_MS = 86_400_000;
const ROOM_ABOVE = 1.15;
const LABEL_PX = 13; // limits that lie close together still have readable labels

/** Up to the next limit above the values: limits come into sight as the values climb. */
function range(limits, low, high) {
  if (low === null) [low, high] = [0, 0];
  const above = limits.map((row) => row.limit).sort((one, other) => one - other);
  const next = above.find((limit) => limit > high) ?? high;
  const top = Math.max(high, next) * ROOM_ABOVE;
  const bottom = limits.length ? Math.min(0, low * ROOM_ABOVE) : low - (high - low || 1) * 0.3;
  return [bottom, limits.length ? top : high + (high - low || 1) * 0.3];
}

function drawLimits(plot, limits, colour) {
  const { ctx, bbox } = plot;
  const ratio = devicePixelRatio;
  ctx.save();
  ctx.font = `${11 * ratio}px system-ui, sans-serif`;
  ctx.textAlign = "left";
  ctx.textBaseline = "middle";
  let free = Infinity;
  for (const { level, limit } of [...limits].sort((one, other) => one.limit - other.limit)) {
    const y = plot.valToPos(limit, "y", true);
    if (y < bbox.top || y > bbox.top + bbox.height) continue;
    for (const [stroke, width] of [[colour.outline, 3], [colour[level], 1.8]]) {
      ctx.globalAlpha = width === 3 ? 0.25 : 1;
      ctx.strokeStyle = stroke;
      ctx.lineWidth = width * ratio;
      ctx.beginPath();
      ctx.moveTo(bbox.left, y);
      ctx.lineTo(bbox.left + bbox.width, y);
      ctx.stroke();
    }
    ctx.globalAlpha = 1;
    ctx.fillStyle = colour.text;
    const labelY = Math.min(y, free);
    free = labelY - LABEL_PX * ratio;
    ctx.fillText(`${numeral(level)} ${limit}`, bbox.left + bbox.width + 8 * ratio, labelY);
  }
  ctx.restore();
}

function options({ width, height }, colour, sensors, limits, spanMs) {
  const grid = { stroke: colour.hairline, width: 1 };
  const axis = { stroke: colour.quiet, grid, ticks: { show: false }, font: "11px system-ui, sans-serif" };
  const moment = (second) => (spanMs > DAY_MS ? day(second * 1000).slice(5) : clockTime(second * 1000).slice(0, 5));
  return {
    width,
    height,
    padding: [10, limits.length ? 52 : 12, 0, 0],
    legend: { show: false },
    cursor: { points: { size: 6 }, drag: { x: false, y: false } },
    scales: {
      x: { range: () => [(now.peek() - spanMs) / 1000, now.peek() / 1000] },
      y: { range: (_, low, high) => range(limits, low, high) },
    },
    axes: [
      { ...axis, size: 28, space: 70, values: (_, seconds) => seconds.map(moment) },
      { ...axis, size: 48 },
    ],
    series: [{}, ...sensors.map((_, at) => ({ stroke: at === 0 ? colour.line : colour.quiet, width: 1.6, points: { show: false } }))],
    hooks: { drawAxes: [(plot) => drawLimits(plot, limits, colour)] },
  };
}

/** Draws into `element` what `columnsOf` gives, whenever a signal it reads changes; gives what ends that. */
function drawInto(element, optionsOf, columnsOf) {
  const room = signal(null);
  let [plot, painted] = [null, null];
  const end = effect(() => {
    const [size, colour, columns] = [room.value, colours.value, columnsOf()];
    if (!size) return;
    if (painted !== colour) {
      plot?.destroy();
      plot = new uPlot(optionsOf(size, colour), null, element);
      painted = colour;
    }
    if (plot.width !== size.width || plot.height !== size.height) plot.setSize(size);
    if (columns) plot.setData(columns);
  });
  const resize = new ResizeObserver(() => (room.value = { width: element.clientWidth, height: element.clientHeight }));
  resize.observe(element);
  return () => {
    end();
    resize.disconnect();
    plot?.destroy();
  };
}

/** `sensors` as of `sensorsOf`; `values` is the signal of `useValues`, whose points are added as they come. */
export function Chart({ sensors, quantity, values, spanMs }) {
  const place = useRef(null);
  const trouble = useSignal(null);
  const having = sensors.filter((sensor) => sensor.quantities.includes(quantity));
  const limits = having[0].limits.filter((row) => row.quantity === quantities.value.get(quantity)?.drawn_with);
  useEffect(() => {
    const tracks = having.map((sensor) => new Track(spanMs / BUCKETS, sensor.report_s * 1000));
    const isReady = signal(false);
    let [isHere, again] = [true, 0];
    const load = async () => {
      clearTimeout(again);
      const end = now.peek();
      try {
        const stored = await Promise.all(having.map((sensor) => series(sensor.id, quantity, end - spanMs, end, BUCKETS)));
        tracks.forEach((track, at) => track.begin(stored[at]));
        trouble.value = null;
      } catch (error) {
        if (!isExpected(error)) throw error;
        trouble.value = error;
        if (isHere) again = setTimeout(load, AGAIN_MS);
      }
      isReady.value = true;
    };
    const columnsOf = () => {
      tracks.forEach((track, at) => {
        const reading = values.value.get(`${having[at].id}/${quantity}`);
        if (reading) track.add(reading.time, reading.value);
      });
      if (!isReady.value) return null;
      const columns = tracks.map((track) => track.columns(now.value - spanMs));
      return columns.length > 1 ? uPlot.join(columns) : columns[0];
    };
    // What was measured while the stream was cut is in the store alone.
    const endFollowing = effect(() => {
      if (isLive.value) untracked(load);
    });
    const endDrawing = drawInto(place.current, (size, colour) => options(size, colour, having, limits, spanMs), columnsOf);
    return () => {
      isHere = false;
      clearTimeout(again);
      endFollowing();
      endDrawing();
    };
  }, [spanMs]);
  const known = quantities.value.get(quantity);
  const newest = values.value.get(`${having[0].id}/${quantity}`)?.value;
  const name = known ? pick(known.zh, known.en) : quantity;
  const shown = number(newest, known);
  return html`<figure class="chart">
    <figcaption>
      ${name} ${known?.unit && unit(known.unit) && html`<small>${unit(known.unit)}</small>`}
      <small>${say(`span.${spanMs}`)}</small>
      ${trouble.value && html`<em role="status">${say("chart.missing", { reason: trouble.value.message })}</em>`}
    </figcaption>
    <div
      class="plot"
      ref=${place}
      role="img"
      aria-label=${`${name} ${shown}`}
      data-limits=${limits.length}
      data-newest=${shown}
    ></div>
  </figure>`;
}
