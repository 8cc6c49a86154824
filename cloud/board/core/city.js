/** What the board knows: the city as configured, and how it stands now. Times are ms since 1970, UTC. */
import { batch, computed, signal } from "@preact/signals";

import { severity } from "./levels.js";

const NS_PER_MS = 1e6;
const ACTIVE = new Set(["unacknowledged", "acknowledged"]); // the condition exists now (ISA-18.2)

export const city = signal(null);
export const alarms = signal(new Map());
export const cases = signal(new Map());
export const boxes = signal(new Map());
export const values = signal(new Map());
export const isLive = signal(false);
/** When the stream was last heard, on this machine's clock. */
export const heardAt = signal(0);
/** The server's clock minus this machine's. */
export const clockOffset = signal(0);
export const ticking = signal(Date.now());

/** Now on the server's clock, to the last tick. */
export const now = computed(() => ticking.value + clockOffset.value);

export const sites = computed(() => new Map((city.value?.sites ?? []).map((site) => [site.id, site])));
export const quantities = computed(() => new Map((city.value?.quantities ?? []).map((row) => [row.name, row])));

const siteOfSensor = computed(() => {
  const found = new Map();
  for (const site of sites.value.values()) for (const sensor of site.sensors) found.set(sensor.id, site.id);
  return found;
});

/** A fault says that a sensor cannot be trusted; it has no limit that was passed. */
export function isFault(alarm) {
  return alarm.limit === null;
}

/** Active alarms, worst first, the newest of a level first. */
export const activeAlarms = computed(() =>
  [...alarms.value.values()].sort(
    (one, other) =>
      isFault(one) - isFault(other) || severity(other.level) - severity(one.level) || other.since - one.since,
  ),
);

/** Open cases, the longest open first. */
export const openCases = computed(() => [...cases.value.values()].sort((one, other) => one.opened - other.opened));

/** What each site's mark shows: its worst structure alarm, or else that a sensor is at fault. */
export const marks = computed(() => {
  const found = new Map();
  for (const alarm of activeAlarms.value) {
    if (!found.has(alarm.site)) found.set(alarm.site, { level: alarm.level, isFault: isFault(alarm) });
  }
  return found;
});

export const offlineSites = computed(() => {
  const found = new Set();
  for (const site of sites.value.values()) {
    if (site.sensors.length && site.sensors.every((sensor) => boxes.value.get(sensor.box)?.online === false)) {
      found.add(site.id);
    }
  }
  return found;
});

export const unregistered = computed(() => [...values.value.values()].filter((value) => !siteOfSensor.value.has(value.sensor)));

/** The time of the newest reading, 0 for none. */
export const newest = computed(() => Math.max(0, ...[...values.value.values()].map((value) => value.time)));

export function valueOf(sensor, quantity) {
  return values.value.get(`${sensor}/${quantity}`);
}

function keep(target, key, item) {
  const next = new Map(target.value);
  if (item === null) next.delete(key);
  else next.set(key, item);
  target.value = next;
}

const readAlarm = (alarm) => ({ ...alarm, since: alarm.since_ns / NS_PER_MS });
const readCase = (item) => ({ ...item, opened: item.opened_ns / NS_PER_MS });
const readBox = (box) => ({ ...box, since: box.time_ns / NS_PER_MS });
const readValue = (value) => ({ ...value, time: value.time_ns / NS_PER_MS });

export function takeAlarm(alarm) {
  keep(alarms, alarm.id, ACTIVE.has(alarm.state) ? readAlarm(alarm) : null);
}

export function takeCase(item) {
  keep(cases, item.number, item.closed_ns ? null : readCase(item));
}

export function takeBox(box) {
  keep(boxes, box.box, readBox(box));
}

export function takeValues(news) {
  const next = new Map(values.value);
  for (const value of news) next.set(`${value.sensor}/${value.quantity}`, readValue(value));
  values.value = next;
}

export function takeTime({ time_ns }) {
  clockOffset.value = time_ns / NS_PER_MS - Date.now();
}

/** Replaces everything, after a first or a new connection. */
export function takeState(inventory, state) {
  batch(() => {
    city.value = inventory;
    takeTime(state);
    alarms.value = new Map(state.alarms.filter((one) => ACTIVE.has(one.state)).map((one) => [one.id, readAlarm(one)]));
    cases.value = new Map(state.cases.map((one) => [one.number, readCase(one)]));
    boxes.value = new Map(state.boxes.map((one) => [one.box, readBox(one)]));
    values.value = new Map();
    takeValues(state.values);
  });
}
