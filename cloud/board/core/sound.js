/** What one hears: red and orange until somebody acknowledges, yellow once, blue and faults never.
 *
 * Of all tabs of a browser one sounds: the one that was touched last, or else the oldest. Silence ends with the shift, so that nobody inherits it. Browsers play nothing before the page was touched.
 */
import { computed, effect, signal } from "@preact/signals";

import { isFault, isNew, listedAlarms } from "./city.js";
import { midnight } from "./format.js";
import { keep, kept } from "./kept.js";

const SHIFTS = [8, 20]; // hours of the city's day at which one shift follows the other
const TONES = { red: [880, 660, 880, 660, 880, 660], orange: [660, 550, 660, 550], yellow: [520] };
const REPEATS_MS = { red: 2_500, orange: 6_000 };
const HOUR_MS = 3_600_000;
const TONE_S = 0.16;
const LOUDNESS = 0.18;
const WAKE_MS = 2_000; // to wake the machine's audio takes 70 ms: not while the page opens, and not when an alarm comes

function endOfShift() {
  const today = midnight(Date.now());
  const ends = [...SHIFTS, SHIFTS[0] + 24].map((hour) => today + hour * HOUR_MS);
  return ends.find((end) => end > Date.now());
}

function remembered() {
  const { until = 0, levels = [] } = JSON.parse(kept("silence") ?? "{}");
  return until > Date.now() ? levels : [];
}

/** Levels that are silent until the end of the shift. */
export const silenced = signal(new Set(remembered()));
/** The browser plays nothing before somebody has touched the page. */
export const isBlocked = signal(false);

const loudAlarms = computed(() => listedAlarms.value.filter((one) => isNew(one) && !isFault(one) && TONES[one.level] && !silenced.value.has(one.level)));
/** The level that sounds now, or null. */
const sounding = computed(() => loudAlarms.value[0]?.level ?? null);

export function toggleSilence(level) {
  const levels = new Set(silenced.value);
  if (!levels.delete(level)) levels.add(level);
  silenced.value = levels;
  keep("silence", JSON.stringify({ until: endOfShift(), levels: [...levels] }));
}

const WAITING = {};
let isWaiting = false;
/** Does this tab sound? null until that is known. Browsers lend locks to https and localhost only: elsewhere each tab does. */
const isOurs = signal(navigator.locks ? null : true);

/** Waits for the lock of all tabs, takes it (`steal`), or sees whether it is free (`ifAvailable`); it is held until it is taken. */
async function claim(options) {
  try {
    await navigator.locks.request("egret-sound", options, (lock) => {
      if (options === WAITING) isWaiting = false;
      isOurs.value = lock !== null;
      return lock && new Promise(() => {});
    });
  } catch (error) {
    if (error.name !== "AbortError") throw error;
    isOurs.value = false;
  }
  if (isWaiting) return;
  isWaiting = true;
  claim(WAITING);
}

let context = null;

function wake() {
  context ??= new AudioContext();
}

/** Was it heard? */
function play(level) {
  wake();
  isBlocked.value = context.state === "suspended";
  if (isBlocked.value) return false;
  TONES[level].forEach((pitch, at) => {
    const [tone, volume] = [new OscillatorNode(context, { type: "triangle", frequency: pitch }), new GainNode(context)];
    const start = context.currentTime + at * TONE_S;
    volume.gain.setValueAtTime(LOUDNESS, start);
    volume.gain.exponentialRampToValueAtTime(0.001, start + TONE_S);
    tone.connect(volume).connect(context.destination);
    tone.start(start);
    tone.stop(start + TONE_S);
  });
  return true;
}

/** Alarms of a level that does not repeat, as long as they are new and have been heard. */
let heard = new Set();

/** Each of them is heard once, here or in the tab that sounds, when nothing worse does. */
function playOnce() {
  const level = sounding.value;
  const once = loudAlarms.value.filter((one) => !REPEATS_MS[one.level]).map((one) => one.id);
  const known = once.filter((id) => heard.has(id));
  const isTurn = level && !REPEATS_MS[level] && known.length < once.length;
  const isHeard = isOurs.value === false || (isTurn && isOurs.value && play(level));
  heard = new Set(isHeard ? once : known);
}

/** Begins to listen; a press anywhere lets the browser play. */
export function listen() {
  let timer = 0;
  if (navigator.locks) claim({ ifAvailable: true });
  effect(() => {
    const level = isOurs.value ? sounding.value : null;
    clearInterval(timer);
    document.body.dataset.sound = level ?? "";
    if (!REPEATS_MS[level]) return;
    play(level);
    timer = setInterval(() => play(level), REPEATS_MS[level]);
  });
  effect(playOnce);
  setTimeout(wake, WAKE_MS);
  const allow = async () => {
    if (isOurs.value === false) claim({ steal: true });
    await context?.resume();
    isBlocked.value = false;
  };
  for (const kind of ["pointerdown", "keydown"]) addEventListener(kind, allow);
  setInterval(() => (silenced.value = new Set(remembered())), 60_000);
}
