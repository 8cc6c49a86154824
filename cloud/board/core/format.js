/** Numbers and times as people read them. */
import { say } from "./words.js";

const UNITS = { deg: "°", Cel: "°C", "%{LEL}": "%LEL", "m/s2": "m/s²", "um/m": "µε", MBy: "MB", 1: "" };
const DECIMALS_MAX = 2;
const SMALL_UNIT_DECIMALS = 3;

/** A UCUM code as people write it. */
export function unit(code) {
  return UNITS[code] ?? code;
}

/** A value in its quantity's unit, without the unit. */
export function number(value, quantity) {
  if (value === null || value === undefined) return "–";
  const decimals = quantity?.decimals ?? DECIMALS_MAX;
  const shown = value.toFixed(decimals > SMALL_UNIT_DECIMALS ? SMALL_UNIT_DECIMALS : Math.min(decimals, DECIMALS_MAX));
  return Number(shown) === 0 ? shown.replace("-", "") : shown.replace("-", "−");
}

/** A value with its unit. */
export function amount(value, quantity) {
  const symbol = unit(quantity?.unit ?? "");
  return number(value, quantity) + (symbol.startsWith("°") ? symbol : ` ${symbol}`.trimEnd());
}

/** Thousands apart by a thin space: 277 924. */
export function count(value) {
  return String(value).replace(/\B(?=(\d{3})+$)/g, "\u2009");
}

/** A share, with as much precision as a city publishes: 99.88 %. Only all of it is 100 %. */
export function percent(share) {
  if (share === null) return "–";
  return share === 1 || share === 0 ? `${share * 100} %` : `${(Math.floor(share * 10_000 + 1e-6) / 100).toFixed(2)} %`;
}

/** A span of time in ms, as 04:07, 1:04:07 or 3 days 01:04:07. */
export function span(ms) {
  const seconds = Math.max(0, Math.floor(ms / 1000));
  const two = (part) => String(part).padStart(2, "0");
  const [hours, minutes] = [Math.floor(seconds / 3600), Math.floor(seconds / 60) % 60];
  const short = `${two(minutes)}:${two(seconds % 60)}`;
  if (hours === 0) return short;
  if (hours < 24) return `${hours}:${short}`;
  return say("days", { count: Math.floor(hours / 24), time: `${two(hours % 24)}:${short}` });
}

/** An age in ms: 0.4 s under ten seconds, then as `span`. */
export function age(ms) {
  return ms < 10_000 ? `${(Math.max(0, ms) / 1000).toFixed(1)} s` : span(ms);
}

/** The city's own clock, wherever one sits: cases and duty count their days by it. */
const timeZone = "Asia/Shanghai";
const CLOCK = new Intl.DateTimeFormat("sv-SE", { timeZone, hour: "2-digit", minute: "2-digit", second: "2-digit", hourCycle: "h23" });
const DAY = new Intl.DateTimeFormat("sv-SE", { timeZone, year: "numeric", month: "2-digit", day: "2-digit" });

/** 24 h. */
export function clockTime(ms) {
  return CLOCK.format(ms);
}

export function day(ms) {
  return DAY.format(ms);
}

/** When that day began. */
export function midnight(ms) {
  return new Date(`${day(ms)}T00:00:00+08:00`).getTime();
}

/** 2026-11-23 18:20; a dash where there is none. */
export function dateTime(ms) {
  return ms === null || ms === undefined ? "–" : `${day(ms)} ${clockTime(ms).slice(0, 5)}`;
}

/** As short as it can be told: 18:20 today, and on other days with the day. */
export function moment(ms, today) {
  return day(ms) === day(today) ? clockTime(ms).slice(0, 5) : dateTime(ms);
}

/** As `dateTime`, of an API's time. */
export function dateTimeNs(time_ns) {
  return dateTime(time_ns === null || time_ns === undefined ? null : time_ns / 1e6);
}
