/** Requests to the cloud's API, and the live stream that keeps the city up to date. */
import { batch } from "@preact/signals";

import * as city from "./city.js";

const ROOT = "api/v1";
const SILENT_MS = 12_000; // two heartbeats of the server and some: the stream has stalled
const FRAME_MS = 16;
const RETRY_MS = [500, 1_000, 2_000, 4_000];
const READERS = {
  alarm: city.takeAlarm,
  case: city.takeCase,
  box: city.takeBox,
  values: city.takeValues,
  time: city.takeTime,
};

/** A problem the API reported: what happened, how to fix it, and its code. */
export class Problem extends Error {
  constructor(body) {
    super(body.detail);
    this.code = body.code;
  }
}

async function request(path, options) {
  const response = await fetch(`${ROOT}/${path}`, options);
  const body = await response.json();
  if (!response.ok) throw new Problem(body);
  return body;
}

/** Points of one sensor's quantity, oldest first, as [time in ms, value]. */
export async function series(sensor, quantity, start, end, buckets) {
  // Whole ms with six zeros: a ns count is too large for a JavaScript number to hold exactly.
  const [from, to] = [`${Math.floor(start)}000000`, `${Math.floor(end)}000000`];
  const points = await request(`series?${new URLSearchParams({ sensor, quantity, start: from, end: to, buckets })}`);
  return points.map((point) => [point.time_ns / 1e6, point.value]);
}

/** Makes an act harmless when it is sent twice; `crypto.randomUUID` is there only over TLS. */
function freshKey() {
  return Array.from(crypto.getRandomValues(new Uint8Array(16)), (byte) => byte.toString(16).padStart(2, "0")).join("");
}

/** Closes a case; `withoutSensor` says why, when its sensor does not confirm that all is well. */
export async function closeCase(number, note, withoutSensor) {
  const body = JSON.stringify({ act: "close", note, without_sensor: withoutSensor });
  const headers = { "Content-Type": "application/json", "Idempotency-Key": freshKey() };
  city.takeCase(await request(`cases/${encodeURIComponent(number)}/acts`, { method: "POST", headers, body }));
}

/** Follows the city for ever; a connection that breaks or falls silent is made anew, from a new snapshot. */
export async function follow() {
  for (let failures = 0; ; failures += 1) {
    try {
      const [inventory, state] = await Promise.all([request("city"), request("state")]);
      city.takeState(inventory, state);
      await listen(state.last_event_id, () => (failures = 0));
    } catch (error) {
      if (!(error instanceof Problem || error instanceof TypeError || error instanceof SyntaxError)) throw error;
    }
    city.isLive.value = false;
    await new Promise((resume) => setTimeout(resume, RETRY_MS[Math.min(failures, RETRY_MS.length - 1)]));
  }
}

/** Reads the stream until it breaks or falls silent. What arrives within a frame's time is drawn at once. */
function listen(after, onHeard) {
  const source = new EventSource(`${ROOT}/events?after=${after}`);
  const waiting = [];
  let heardAt = Date.now();
  const draw = () => batch(() => waiting.splice(0).forEach(([read, data]) => read(data)));
  return new Promise((resolve) => {
    const hear = () => {
      heardAt = city.heardAt.value = Date.now();
      city.isLive.value = true;
      onHeard();
    };
    source.addEventListener("open", hear);
    for (const [kind, read] of Object.entries(READERS)) {
      source.addEventListener(kind, (event) => {
        hear();
        // A timer, not an animation frame: a hidden tab has none, and events would pile up.
        if (waiting.push([read, JSON.parse(event.data)]) === 1) setTimeout(draw, FRAME_MS);
      });
    }
    const watch = setInterval(() => Date.now() - heardAt > SILENT_MS && end(), 1_000);
    const end = () => {
      clearInterval(watch);
      source.close();
      resolve();
    };
    source.addEventListener("error", end);
  });
}
