/** Requests to the cloud's API. What it refuses is thrown as a Problem; a dead network as a TypeError. */

const ROOT = new URL("../api/v1/", import.meta.url);
const WAIT_MS = 30_000; // a link that was cut says nothing, and a button that was pressed must not wait for ever
const PHOTO_WAIT_MS = 300_000;
const SAME_MS = 120_000;
const CURSOR = /[?&]after=([^&>]*)[^>]*>;\s*rel="next"/;

/**
 * The session's part: `csrf` goes with every change; `shut` is called when nobody is logged in any more; `ask` finds out
 * who is: in another tab somebody may have gone, or somebody else have come.
 */
export const door = { csrf: "", shut: () => {}, ask: () => {} };

/** A problem the API reported: what happened, where, how to fix it, and its code. */
export class Problem extends Error {
  constructor(status, body) {
    super(body.detail ?? body.what ?? `HTTP ${status}`);
    Object.assign(this, { status, code: body.code ?? "", fix: body.fix ?? "", where: body.where ?? "" });
  }
}

/** Is this an answer of the API or of the network, and no mistake of this page? */
export function isExpected(error) {
  return error instanceof Problem || error instanceof TypeError || error instanceof SyntaxError || error.name === "TimeoutError";
}

/** The address of a path below the API, with those parts of the query that say something. */
export function addressOf(path, query = {}) {
  const address = new URL(path, ROOT);
  for (const [name, value] of Object.entries(query)) {
    if (value !== "" && value !== null && value !== undefined) address.searchParams.set(name, value);
  }
  return address;
}

function fetchFor(address, options) {
  return fetch(address, { signal: AbortSignal.timeout(WAIT_MS), ...options });
}

/** What is in an answer, and its headers. */
async function taken(answer) {
  if (answer.status === 401) door.shut();
  const body = answer.status === 204 ? null : await answer.json();
  if (!answer.ok) throw new Problem(answer.status, body);
  return [body, answer.headers];
}

export async function get(path, query) {
  return (await taken(await fetchFor(addressOf(path, query))))[0];
}

/** One page of a list, and the cursor of the next one, or null. */
export async function getPage(path, query) {
  const [items, headers] = await taken(await fetchFor(addressOf(path, query)));
  const next = CURSOR.exec(headers.get("Link") ?? "");
  return { items, next: next && decodeURIComponent(next[1].replaceAll("+", " ")) };
}

/** Makes an act harmless when it is sent twice; `crypto.randomUUID` is there only over TLS. */
function freshKey() {
  return Array.from(crypto.getRandomValues(new Uint8Array(16)), (byte) => byte.toString(16).padStart(2, "0")).join("");
}

/** What was sent without an answer, by its words: it may have been done, and whoever presses again means the same. */
const unanswered = new Map();

function keyOf(act) {
  for (const [other, { time }] of unanswered) if (Date.now() - time > SAME_MS) unanswered.delete(other);
  if (!unanswered.has(act)) unanswered.set(act, { key: freshKey(), time: Date.now() });
  return unanswered.get(act).key;
}

/** `version`: of the case that the person saw; another one is refused. */
export async function send(method, path, body, version) {
  const act = [path, version, JSON.stringify(body)].join(" ");
  const headers = { "Content-Type": "application/json", "X-CSRF-Token": door.csrf };
  if (method === "POST") headers["Idempotency-Key"] = keyOf(act);
  if (version) headers["If-Match"] = `"${version}"`;
  try {
    const [answer] = await taken(await fetchFor(addressOf(path), { method, headers, body: JSON.stringify(body) }));
    unanswered.delete(act);
    return answer;
  } catch (error) {
    if (error instanceof Problem) unanswered.delete(act);
    throw error;
  }
}

export function post(path, body, version) {
  return send("POST", path, body, version);
}

/** A photo for a case, as the camera made it. */
export async function postPhoto(number, file) {
  const headers = { "Content-Type": file.type || "image/jpeg", "X-CSRF-Token": door.csrf };
  const path = `cases/${encodeURIComponent(number)}/photos`;
  const signal = AbortSignal.timeout(PHOTO_WAIT_MS);
  return (await taken(await fetchFor(addressOf(path), { method: "POST", headers, body: file, signal })))[0];
}

/** Whole ms with six zeros: a ns count is too large for a JavaScript number to hold exactly. */
export function ns(ms) {
  return ms ? `${Math.floor(ms)}000000` : "";
}

/** Points of one sensor's quantity, oldest first, as [time in ms, value]. */
export async function series(sensor, quantity, start, end, buckets) {
  const points = await get("series", { sensor, quantity, start: ns(start), end: ns(end), buckets });
  return points.map((point) => [point.time_ns / 1e6, point.value]);
}
