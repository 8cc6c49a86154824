/** The live stream of one connection to the server, made anew for ever. Runs in a page or in the shared worker. */

const KINDS = ["alarm", "case", "left", "box", "mode", "time"];
const SILENT_MS = 12_000; // two heartbeats of the server and some: the stream has stalled
const RETRY_MS = [500, 1_000, 2_000, 4_000];
const GATHER_MS = 4; // what the server sent at once is told at once
const SPACED_MS = 50; // each telling draws the page anew: what comes in small pieces is told in larger ones
const AHEAD = 2 ** 53; // of all ids: the past is in the snapshot

/**
 * Follows the events at `address`. `tell` hears `{ kind: "open" }` when a connection has been made,
 * `{ kind: "lost" }` when it broke or fell silent, and `{ kind: "events", events: [[kind, id, json], …] }`.
 * Gives a function that makes a new connection at once.
 */
export function openStream(address, tell) {
  let failures = 0;
  let waiting = [];
  let source = null;
  let heardAt = 0;
  let toldAt = 0;
  let retry = 0;

  const flush = () => {
    const events = waiting;
    waiting = [];
    toldAt = Date.now();
    tell({ kind: "events", events });
  };
  const lose = () => {
    source.close();
    clearTimeout(retry);
    retry = setTimeout(connect, RETRY_MS[Math.min(failures, RETRY_MS.length - 1)]);
    failures += 1;
    tell({ kind: "lost" });
  };
  function connect() {
    heardAt = Date.now();
    source = new EventSource(`${address}?values=false&after=${AHEAD}`);
    source.addEventListener("open", () => {
      heardAt = Date.now();
      tell({ kind: "open" });
    });
    source.addEventListener("error", lose);
    for (const kind of KINDS) {
      source.addEventListener(kind, (event) => {
        failures = 0;
        heardAt = Date.now();
        // A timer, not an animation frame: a hidden tab has none, and events would pile up.
        const isFirst = waiting.push([kind, Number(event.lastEventId), event.data]) === 1;
        if (isFirst) setTimeout(flush, Math.max(GATHER_MS, toldAt + SPACED_MS - Date.now()));
      });
    }
  }
  setInterval(() => source.readyState !== EventSource.CLOSED && Date.now() - heardAt > SILENT_MS && lose(), 1_000);
  connect();
  return () => {
    source.close();
    waiting = []; // they were for whoever sat here before
    clearTimeout(retry);
    connect();
  };
}
