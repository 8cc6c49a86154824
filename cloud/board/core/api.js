/** Requests to the cloud's API. What it refuses is thrown as a Problem; a dead network as a TypeError. */

const ROOT = new URL("../api/v1/", import.meta.url);
const CURSOR = /[?&]after=([^&>]*)[^>]*>;\s*rel="next"/;

/** The session's part: `csrf` goes with every change; `shut` is called when nobody is logged in any more. */
export const door = { csrf: "", shut: () => {} };

/** A problem the API reported: what happened, where, how to fix it, and its code. */
export class Problem extends Error {
  constructor(status, body) {
    super(body.detail ?? body.what ?? `HTTP ${status}`);
    Object.assign(this, { status, code: body.code ?? "", fix: body.fix ?? "", where: body.where ?? "" });
  }
}

/** Is this an answer of the API or of the network, and no mistake of this page? */
export function isExpected(error) {
  return error instanceof Problem || error instanceof TypeError || error instanceof SyntaxError;
}

/** The address of a path below the API, with those parts of the query that say something. */
export function addressOf(path, query = {}) {
  const address = new URL(path, ROOT);
  for (const [name, value] of Object.entries(query)) {
    if (value !== "" && value !== null && value !== undefined) address.searchParams.set(name, value);
  }
  return address;
}

async function answerOf(address, options) {
  const answer = await fetch(address, options);
  if (answer.status === 401) door.shut();
  const body = answer.status === 204 ? null : await answer.json();
  if (!answer.ok) throw new Problem(answer.status, body);
  return [body, answer.headers];
}

export async function get(path, query) {
  return (await answerOf(addressOf(path, query)))[0];
}

/** One page of a list, and the cursor of the next one, or null. */
export async function getPage(path, query) {
  const [items, headers] = await answerOf(addressOf(path, query));
  const next = CURSOR.exec(headers.get("Link") ?? "");
  return { items, next: next && decodeURIComponent(next[1].replaceAll("+", " ")) };
}

/** Makes an act harmless when it is sent twice; `crypto.randomUUID` is there only over TLS. */
function freshKey() {
  return Array.from(crypto.getRandomValues(new Uint8Array(16)), (byte) => byte.toString(16).padStart(2, "0")).join("");
}

/** `version`: of the case that the person saw; another one is refused. */
export async function send(method, path, body, version) {
  const headers = { "Content-Type": "application/json", "X-CSRF-Token": door.csrf };
  if (method === "POST") headers["Idempotency-Key"] = freshKey();
  if (version) headers["If-Match"] = `"${version}"`;
  return (await answerOf(addressOf(path), { method, headers, body: JSON.stringify(body) }))[0];
}

export function post(path, body, version) {
  return send("POST", path, body, version);
}

/** A photo for a case, as the camera made it. */
export async function postPhoto(number, file) {
  const headers = { "Content-Type": file.type || "image/jpeg", "X-CSRF-Token": door.csrf };
  const path = `cases/${encodeURIComponent(number)}/photos`;
  return (await answerOf(addressOf(path), { method: "POST", headers, body: file }))[0];
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
