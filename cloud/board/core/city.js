/** What the board knows: the city as configured, and how it stands now. Times are ms since 1970, UTC. */
import { batch, computed, effect, signal } from "@preact/signals";

import { severity } from "../parts/levels.js";

const NS_PER_MS = 1e6;
const ACTIVE = new Set(["unacknowledged", "acknowledged"]); // the condition exists now (ISA-18.2)
const HELD = new Set(["shelved", "suppressed", "out_of_service"]);

export const city = signal(null);
/** District polygons, empty where nobody has built a map. */
export const map = signal({ source: "", approval: "", bounds: null, districts: [] });
/** Every alarm that is not normal, by its id. */
export const alarms = signal(new Map());
/** Open cases, by number. */
export const cases = signal(new Map());
export const boxes = signal(new Map());
/** Modes that stand, by id; a district may be normal while the city is not. */
export const modes = signal(new Map());
export const warModes = computed(() => [...modes.value.values()].filter((mode) => mode.mode !== "normal").sort((one, other) => other.since - one.since));
/** The time of the newest reading of any sensor, 0 for none. */
export const newest = signal(0);
export const isLive = signal(false);
/** When the stream was last heard, on this machine's clock. */
export const heardAt = signal(0);
/** The server's clock minus this machine's. */
const clockOffset = signal(0);
export const ticking = signal(Date.now());

/** Now on the server's clock, to the last tick. */
export const now = computed(() => ticking.value + clockOffset.value);

export const sites = computed(() => new Map((city.value?.sites ?? []).map((site) => [site.id, site])));
export const quantities = computed(() => new Map((city.value?.quantities ?? []).map((row) => [row.name, row])));

/** What a sensor measures, and its limits. */
export function makeOf(sensor) {
  return city.value.makes[sensor.make];
}

export function districtName(id) {
  return city.value?.districts[id] ?? id;
}

/** A fault says that a sensor or a box cannot be trusted; it has no limit that was passed. */
export function isFault(alarm) {
  return alarm.limit === null;
}

export function isActive(alarm) {
  return ACTIVE.has(alarm.state);
}

export function isNew(alarm) {
  return alarm.state === "unacknowledged" || alarm.state === "returned_unacknowledged";
}

function worstFirst(one, other) {
  return isFault(one) - isFault(other) || severity(other.level) - severity(one.level) || other.since - one.since;
}

/** What asks for somebody: active, or returned and not yet acknowledged; worst first, the newest of a level first. */
export const listedAlarms = computed(() => [...alarms.value.values()].filter((alarm) => !HELD.has(alarm.state)).sort(worstFirst));
export const activeAlarms = computed(() => listedAlarms.value.filter(isActive));
/** Shelved, suppressed by design, out of service. */
export const heldAlarms = computed(() => [...alarms.value.values()].filter((alarm) => HELD.has(alarm.state)).sort(worstFirst));

/** Open cases: what is late or due next comes first, what has no deadline last. */
export const openCases = computed(() =>
  [...cases.value.values()].sort((one, other) => (one.due ?? Infinity) - (other.due ?? Infinity) || one.opened - other.opened),
);

/** Boxes of sensors.yaml that are not known to be online: one that was never heard of has nothing to say, either. */
export const offlineBoxes = computed(() => {
  const known = (city.value?.boxes ?? []).map(({ id }) => id);
  return new Set(known.filter((id) => !boxes.value.get(id)?.online));
});

const gone = new Map();

/** A signal of its own for each box: one that goes draws its own sites anew, and not five thousand. */
function isGone(box) {
  if (!gone.has(box)) gone.set(box, signal(offlineBoxes.peek().has(box)));
  return gone.get(box);
}

effect(() => {
  const now = offlineBoxes.value;
  batch(() => gone.forEach((state, box) => (state.value = now.has(box))));
});

/** Can none of these sensors be heard, for their boxes are offline? */
export function areCutOff(sensors) {
  return sensors.length > 0 && sensors.every(({ box }) => isGone(box).value);
}

/** What each site's mark shows: its worst structure alarm, or else that a sensor is at fault. */
const marks = new Map();

/** A signal of its own for each site: an alarm draws one mark anew, and not five thousand. */
export function markOf(site) {
  if (!marks.has(site)) marks.set(site, signal(null));
  return marks.get(site);
}

/** Ids of sites that have a mark, the worst first. */
export const markedSites = signal([]);

effect(() => {
  const found = new Map();
  for (const alarm of activeAlarms.value) {
    const known = found.get(alarm.site);
    if (known) known.isNew ||= isNew(alarm);
    else if (alarm.site) found.set(alarm.site, { level: alarm.level, isFault: isFault(alarm), isNew: isNew(alarm) });
  }
  batch(() => {
    for (const [site, mark] of marks) if (!found.has(site) && mark.peek()) mark.value = null;
    for (const [site, mark] of found) {
      const known = markOf(site).peek();
      if (known?.level !== mark.level || known.isFault !== mark.isFault || known.isNew !== mark.isNew) markOf(site).value = mark;
    }
    markedSites.value = [...found.keys()];
  });
});

const TIMES = {
  alarm: ["since_ns", "changed_ns", "acted_ns", "shelved_until_ns"],
  case: ["opened_ns", "dispatched_ns", "accepted_ns", "arrived_ns", "fed_back_ns", "closed_ns", "due_ns", "suspended_ns"],
  box: ["time_ns"],
  mode: ["since_ns", "until_ns", "ended_ns"],
};

/** With its times in ms beside those in ns: `opened` for `opened_ns`. */
export function withTimes(kind, item) {
  const times = TIMES[kind].map((name) => [name.slice(0, -3), item[name] === null ? null : item[name] / NS_PER_MS]);
  return { ...item, ...Object.fromEntries(times) };
}

function taker(kind, target, key, isKept) {
  return (items) => {
    const next = new Map(target.value);
    for (const item of items) {
      if (isKept(item)) next.set(item[key], withTimes(kind, item));
      else next.delete(item[key]);
    }
    target.value = next;
  };
}

export const takeAlarms = taker("alarm", alarms, "id", (alarm) => alarm.state !== "normal");
export const takeCases = taker("case", cases, "number", (item) => item.closed_ns === null);
export const takeBoxes = taker("box", boxes, "box", () => true);
export const takeModes = taker("mode", modes, "id", (mode) => mode.ended_ns === null);

/** Cases that are another unit's from now on. */
export function dropCases(items) {
  const next = new Map(cases.value);
  for (const { number } of items) next.delete(number);
  cases.value = next;
}

/** Takes the answer to an act that is sent now, but not of what the stream has told anew meanwhile: that is later. */
export function answerTo(take, target, key) {
  const before = target.peek();
  return (items) => take(items.filter((item) => target.peek().get(item[key]) === before.get(item[key])));
}

export function takeTime(beats) {
  const { time_ns, newest_ns } = beats.at(-1);
  clockOffset.value = time_ns / NS_PER_MS - Date.now();
  newest.value = newest_ns / NS_PER_MS;
}

/** Nobody is logged in any more: what they saw is not for whoever comes next, and sounds for nobody. */
export function forget() {
  batch(() => {
    isLive.value = false;
    for (const target of [alarms, cases, modes]) target.value = new Map();
  });
}

/** Replaces everything, after a first or a new connection. */
export function takeState(inventory, mapDocument, state) {
  batch(() => {
    if (city.value?.version !== inventory.version) city.value = inventory;
    map.value = mapDocument;
    takeTime([state]);
    for (const target of [alarms, cases, boxes, modes]) target.value = new Map();
    takeAlarms(state.alarms);
    takeCases(state.cases);
    takeBoxes(state.boxes);
    takeModes(state.modes);
    heardAt.value = Date.now();
    isLive.value = true;
  });
}
