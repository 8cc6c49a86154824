/** One quantity of one site over the last ten minutes, live, with its limits as lines. */
import { h } from "preact";
import { useEffect, useRef } from "preact/hooks";
import { effect, signal, useSignal } from "@preact/signals";
import htm from "htm";

import { Problem, series } from "./api.js";
import { now, quantities, valueOf } from "./city.js";
import { clockTime, number, unit } from "./format.js";
import { numeral } from "./levels.js";
import { theme } from "./theme.js";
import { pick, say } from "./words.js";

const html = htm.bind(h);
const { uPlot } = globalThis;
const SPAN_MS = 600_000;
const BUCKETS = 300;
const ROOM_ABOVE = 1.15;
const GAP_INTERVALS = 5;
const LABEL_PX = 13; // limits that lie close together still have readable labels

/** Points of each sensor: the stored ones, then what arrives. */
class Track {
  points = [];

  add(time, value) {
    if (time > (this.points.at(-1)?.[0] ?? 0)) this.points.push([time, value]);
  }

  /** Columns for uPlot, in seconds. A hole much longer than the usual interval stays a hole. */
  columns(since) {
    this.points = this.points.filter(([time]) => time >= since);
    const steps = this.points.slice(1).map(([time], at) => time - this.points[at][0]).sort((one, other) => one - other);
    const longest = Math.max(2_000, GAP_INTERVALS * (steps[steps.length >> 1] ?? 0));
    const rows = this.points.flatMap(([time, value], at) =>
      at > 0 && time - this.points[at - 1][0] > longest ? [[time - 1, null], [time, value]] : [[time, value]],
    );
    return [rows.map(([time]) => time / 1000), rows.map(([, value]) => value)];
  }
}

/** Up to the next limit above the values: limits come into sight as the values climb. */
function range(limits, low, high) {
  if (low === null) [low, high] = [0, 0];
  const above = limits.map((row) => row.limit).sort((one, other) => one - other);
  const next = above.find((limit) => limit > high) ?? high;
  const top = Math.max(high, next) * ROOM_ABOVE;
  const bottom = limits.length ? Math.min(0, low * ROOM_ABOVE) : low - (high - low || 1) * 0.3;
  return [bottom, limits.length ? top : high + (high - low || 1) * 0.3];
}

function style(name) {
  return getComputedStyle(document.documentElement).getPropertyValue(name).trim();
}

function drawLimits(plot, limits) {
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
    for (const [colour, width] of [[style("--outline"), 3], [style(`--${level}`), 1.8]]) {
      ctx.globalAlpha = width === 3 ? 0.25 : 1;
      ctx.strokeStyle = colour;
      ctx.lineWidth = width * ratio;
      ctx.beginPath();
      ctx.moveTo(bbox.left, y);
      ctx.lineTo(bbox.left + bbox.width, y);
      ctx.stroke();
    }
    ctx.globalAlpha = 1;
    ctx.fillStyle = style("--text");
    const labelY = Math.min(y, free);
    free = labelY - LABEL_PX * ratio;
    ctx.fillText(`${numeral(level)} ${limit}`, bbox.left + bbox.width + 8 * ratio, labelY);
  }
  ctx.restore();
}

function options(element, sensors, limits) {
  const axis = { stroke: style("--quiet"), grid: { stroke: style("--hairline"), width: 1 }, ticks: { show: false }, font: "11px system-ui, sans-serif" };
  return {
    width: element.clientWidth,
    height: element.clientHeight,
    padding: [10, limits.length ? 52 : 12, 0, 0],
    legend: { show: false },
    cursor: { points: { size: 6 }, drag: { x: false, y: false } },
    scales: {
      x: { range: () => [(now.peek() - SPAN_MS) / 1000, now.peek() / 1000] },
      y: { range: (_, low, high) => range(limits, low, high) },
    },
    axes: [
      { ...axis, size: 28, space: 70, values: (_, seconds) => seconds.map((second) => clockTime(second * 1000).slice(0, 5)) },
      { ...axis, size: 48 },
    ],
    series: [{}, ...sensors.map((_, at) => ({ stroke: style(at === 0 ? "--line" : "--quiet"), width: 1.6, points: { show: false } }))],
    hooks: { drawAxes: [(plot) => drawLimits(plot, limits)] },
  };
}

export function Chart({ sensors, quantity }) {
  const place = useRef(null);
  const trouble = useSignal("");
  const having = sensors.filter((sensor) => sensor.quantities.includes(quantity));
  const limits = having[0].limits.filter((row) => row.quantity === quantity);
  useEffect(() => {
    const element = place.current;
    const tracks = having.map(() => new Track());
    let plot = null;
    const ready = signal(false);
    const load = async () => {
      const end = now.peek();
      try {
        const stored = await Promise.all(having.map((sensor) => series(sensor.id, quantity, end - SPAN_MS, end, BUCKETS)));
        tracks.forEach((track, at) => (track.points = stored[at].concat(track.points.filter(([time]) => time > (stored[at].at(-1)?.[0] ?? 0)))));
        trouble.value = "";
      } catch (error) {
        if (!(error instanceof Problem || error instanceof TypeError)) throw error;
        trouble.value = error.message;
      }
      ready.value = true;
    };
    const draw = () => {
      tracks.forEach((track, at) => {
        const reading = valueOf(having[at].id, quantity);
        if (reading) track.add(reading.time, reading.value);
      });
      if (!ready.value) return;
      const columns = tracks.map((track) => track.columns(now.value - SPAN_MS));
      plot?.setData(columns.length > 1 ? uPlot.join(columns) : columns[0]);
    };
    const build = () => {
      theme.value; // colours are read anew when it changes
      plot?.destroy();
      plot = new uPlot(options(element, having, limits), null, element);
    };
    const ends = [effect(build), effect(draw)];
    const resize = new ResizeObserver(() => plot.setSize({ width: element.clientWidth, height: element.clientHeight }));
    resize.observe(element);
    load();
    return () => {
      ends.forEach((end) => end());
      resize.disconnect();
      plot.destroy();
    };
  }, []);
  const known = quantities.value.get(quantity);
  return html`<figure class="chart">
    <figcaption>
      ${known ? pick(known.zh, known.en) : quantity} ${known?.unit && unit(known.unit) && html`<small>${unit(known.unit)}</small>`}
      <small>${say("chart.span")}</small>
      ${trouble.value && html`<em>${say("chart.missing", { reason: trouble.value })}</em>`}
    </figcaption>
    <div class="plot" ref=${place} data-limits=${limits.length} data-newest=${number(valueOf(having[0].id, quantity)?.value, known)}></div>
  </figure>`;
}
