/** Photos that the cloud does not have yet, kept in the phone's own database until it has.
 *
 * They are kept by the number of their case: a link that has expired leaves them for the next link to the same case.
 */
import { GOOD, ROUGH, shrunk } from "./shrink.js";

const RETRY_MS = [3_000, 10_000, 30_000, 60_000];
const WAIT_MS = 300_000;
const CLOSED = "E-CASE-002";

/** The phone's database, or null where the browser lets this page have none: in some private windows, in some chat apps. */
const opened = new Promise((resolve, reject) => {
  const asked = indexedDB.open("egret-photos", 1);
  asked.onupgradeneeded = () => {
    const photos = asked.result.createObjectStore("photos", { keyPath: "id", autoIncrement: true });
    photos.createIndex("number", "number");
  };
  asked.onsuccess = () => resolve(asked.result);
  asked.onerror = () => reject(asked.error);
}).catch(unlessOurs(null));

/** Photos that only this page has; they are lost with it. */
let held = [];

/** What a database refuses is answered with `instead`. */
function unlessOurs(instead) {
  return (error) => (error instanceof DOMException || error instanceof TypeError ? instead : Promise.reject(error));
}

async function ask(mode, run) {
  const database = await opened;
  if (!database) throw new DOMException("no database");
  return new Promise((resolve, reject) => {
    const asked = run(database.transaction("photos", mode).objectStore("photos"));
    asked.onsuccess = () => resolve(asked.result);
    asked.onerror = () => reject(asked.error);
  });
}

export const outbox = {
  /** Smaller, so that it comes through a poor network, with the camera's time and place. */
  add: async (number, file) => {
    const photo = await shrunk(file, GOOD);
    const bytes = await photo.arrayBuffer(); // some browsers keep no files
    const one = { number, bytes, type: photo.type };
    const id = await ask("readwrite", (photos) => photos.add(one)).catch(unlessOurs(null));
    if (id === null) held.push({ ...one, id: Symbol("held") });
  },
  of: async (number) => {
    const kept = await ask("readonly", (photos) => photos.index("number").getAll(number)).catch(unlessOurs([]));
    return [...kept, ...held.filter((one) => one.number === number)];
  },
  /** It did not come through in five minutes: from now on a quarter of it is sent. */
  coarsen: async (photo) => {
    const rough = await shrunk(new Blob([photo.bytes], { type: photo.type }), ROUGH);
    Object.assign(photo, { bytes: await rough.arrayBuffer(), type: rough.type });
    if (typeof photo.id !== "symbol") await ask("readwrite", (photos) => photos.put(photo)).catch(unlessOurs(null));
  },
  drop: async (id) => {
    if (typeof id !== "symbol") return ask("readwrite", (photos) => photos.delete(id));
    held = held.filter((one) => one.id !== id);
  },
  /** Must this page stay open until all are sent? */
  isHeld: () => held.length > 0,
};

/** With its progress, which `fetch` does not tell. The answer, or a thrown Error with the problem's members. */
function upload(address, photo, onShare) {
  return new Promise((resolve, reject) => {
    const request = new XMLHttpRequest();
    request.open("POST", address);
    request.timeout = WAIT_MS;
    request.responseType = "json";
    request.setRequestHeader("Content-Type", photo.type);
    request.upload.onprogress = ({ loaded, total }) => onShare(loaded / total);
    request.onload = () => {
      if (request.status < 300) resolve(request.response);
      else reject(Object.assign(new Error(), { status: request.status }, request.response));
    };
    request.onerror = () => reject(new Error("unsent"));
    request.ontimeout = () => reject(Object.assign(new Error("unsent"), { isSlow: true }));
    request.send(photo.bytes);
  });
}

const BY_ITSELF = new Set([429, 500, 502, 503, 504]);
let isSending = false;

/** `tell` hears `{ share }`, `{ isDone }`, or `{ refused }` with the problem of a photo that is never taken. */
export async function sendWaiting(number, address, tell) {
  if (isSending) return;
  isSending = true;
  try {
    await sendAll(number, address, tell);
  } finally {
    isSending = false;
  }
}

async function sendAll(number, address, tell) {
  for (let failures = 0; ; ) {
    const [photo] = await outbox.of(number);
    if (!photo) break;
    try {
      await upload(address, photo, (share) => tell({ share }));
      await outbox.drop(photo.id);
      failures = 0;
      await tell({ isDone: true });
    } catch (error) {
      if (error.code && !BY_ITSELF.has(error.status)) {
        // Of a photo that cannot be read, or of a case that is closed, nobody takes any; one whose link is over waits for the next.
        const isInVain = error.code.startsWith("E-PHOTO") || error.code === CLOSED;
        if (isInVain) await outbox.drop(photo.id);
        await tell({ refused: error });
        if (!isInVain) break;
        continue;
      }
      if (error.isSlow) await outbox.coarsen(photo);
      await tell({ share: 0 });
      await pause(RETRY_MS[Math.min(failures, RETRY_MS.length - 1)]);
      failures += 1;
    }
  }
}

/** Until the time is over, or the phone has found a network again. */
function pause(ms) {
  return new Promise((resume) => {
    const timer = setTimeout(resume, ms);
    addEventListener("online", () => (clearTimeout(timer), resume()), { once: true });
  });
}
