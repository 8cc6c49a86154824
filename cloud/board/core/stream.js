/** Keeps the city up to date: a snapshot for every new connection, then the events that came after it. */
import { batch } from "@preact/signals";

import { addressOf, get, isExpected } from "./api.js";
import * as city from "./city.js";

const TAKERS = { alarm: city.takeAlarms, case: city.takeCases, left: city.dropCases, box: city.takeBoxes, mode: city.takeModes, time: city.takeTime };
const AGAIN_MS = 1_000;

/** Events wait here while the snapshot they follow is under way. */
let early = null;
let through = 0;
let tryNow = () => {};

/** Begins to follow; without a shared worker (some phones have none) this page has a stream of its own. */
export async function follow() {
  if (typeof SharedWorker === "function") {
    const { port } = new SharedWorker(new URL("stream_worker.js", import.meta.url), { type: "module", name: "egret" });
    port.addEventListener("message", ({ data }) => hear(data));
    addEventListener("pagehide", () => port.postMessage("bye"));
    addEventListener("pageshow", (event) => event.persisted && location.reload());
    tryNow = () => port.postMessage("now");
    port.start();
  } else {
    const { openStream } = await import("./event_stream.js");
    tryNow = openStream(addressOf("events"), hear);
  }
}

/** Does not wait for the next attempt: somebody has just logged in. */
export function reconnect() {
  tryNow();
}

function hear(news) {
  if (news.kind === "open") return load();
  if (news.kind === "lost") return lost();
  city.heardAt.value = Date.now();
  if (early) early.push(...news.events);
  else take(news.events);
}

function lost() {
  early = null;
  city.isLive.value = false;
  get("session").catch((error) => isExpected(error) || Promise.reject(error)); // 401 shows the door
}

/** The snapshot of a new connection; a newer connection makes an older one's answer void. */
async function load() {
  const mine = (early = []);
  while (early === mine) {
    try {
      const [inventory, map, state] = await Promise.all([get("city"), get("map"), get("state", { values: false })]);
      if (early !== mine) return;
      early = null;
      through = state.last_event_id;
      city.takeState(inventory, map, state);
      take(mine);
      return;
    } catch (error) {
      if (!isExpected(error)) throw error;
    }
    await new Promise((resume) => setTimeout(resume, AGAIN_MS));
  }
}

/** Of each kind all at once, so that five hundred alarms are one change. */
function take(events) {
  const ofKind = Map.groupBy(
    events.filter(([kind, id]) => kind === "time" || id > through),
    ([kind]) => kind,
  );
  batch(() => {
    for (const [kind, found] of ofKind) TAKERS[kind](found.map(([, , data]) => JSON.parse(data)));
  });
}
