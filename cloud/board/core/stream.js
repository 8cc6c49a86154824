/** Keeps the city up to date: a snapshot for every new connection, then the events that came after it. */
import { batch } from "@preact/signals";

import { addressOf, door, get, isExpected } from "./api.js";
import * as city from "./city.js";
import { lookForUpgrade } from "./upgrade.js";

const TAKERS = { alarm: city.takeAlarms, case: city.takeCases, left: city.dropCases, box: city.takeBoxes, mode: city.takeModes, time: city.takeTime };
const AGAIN_MS = 1_000;
const SILENT_MS = 13_000; // more than a stream may be silent
const DEAD_MS = 20_000; // a worker tells of every attempt, and none takes longer

/** Events wait here while the snapshot they follow is under way. */
let early = null;
let through = 0;
/** Asked for while the first connection is made; void when that does not come. */
let ahead = null;
let tryNow = () => {};
/** When anything was told, also that there is no connection. */
let toldAt = 0;

/** Begins to follow; without a shared worker (some phones have none) this page has a stream of its own. */
export async function follow() {
  ahead = unchanging();
  ahead.catch(() => (ahead = null));
  if (typeof SharedWorker === "function") {
    let port = join();
    tryNow = () => port.postMessage("now");
    addEventListener("pagehide", () => port.postMessage("bye"));
    addEventListener("pageshow", (event) => event.persisted && location.reload());
    setInterval(() => {
      if (Date.now() - toldAt <= DEAD_MS) return;
      port.postMessage("bye");
      port.close();
      port = join();
    }, AGAIN_MS);
  } else {
    const { openStream } = await import("./event_stream.js");
    tryNow = openStream(addressOf("events"), hear);
  }
  setInterval(() => city.isLive.value && Date.now() - city.heardAt.value > SILENT_MS && lost(), AGAIN_MS);
}

/** The port of the worker; one that has died is begun anew. */
function join() {
  toldAt = Date.now();
  const { port } = new SharedWorker(new URL("stream_worker.js", import.meta.url), { type: "module", name: "egret" });
  port.addEventListener("message", ({ data }) => hear(data));
  port.start();
  return port;
}

/** Somebody has just logged in: what follows is theirs. */
export function reconnect() {
  tryNow();
}

function hear(news) {
  toldAt = Date.now();
  if (news.kind === "open") return load();
  if (news.kind === "lost") return lost();
  city.heardAt.value = Date.now();
  if (early) early.push(...news.events);
  else take(news.events);
}

function lost() {
  early = ahead = null;
  city.isLive.value = false;
  door.ask();
}

/** What a cloud keeps from its start to its end. */
const unchanging = () => Promise.all([get("city"), get("map")]);

/** The snapshot of a new connection; a newer connection makes an older one's answer void. */
async function load() {
  const mine = (early = []);
  if (city.heardAt.value) door.ask(); // whoever opens the page was asked for just now
  while (early === mine) {
    try {
      const [[inventory, map], state] = await Promise.all([ahead ?? unchanging(), get("state", { values: false })]);
      ahead = null;
      if (early !== mine) return;
      early = null;
      through = state.last_event_id;
      city.takeState(inventory, map, state);
      take(mine);
      lookForUpgrade();
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
