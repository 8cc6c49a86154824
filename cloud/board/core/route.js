/** Which page is shown: `#/sites/XM-TA-0117?by=unit` is the page `sites` of that id with that query. */
import { signal } from "@preact/signals";

/** A part of an address that was cut off on its way stands for itself. */
function decoded(part) {
  try {
    return decodeURIComponent(part);
  } catch (error) {
    if (!(error instanceof URIError)) throw error;
    return part;
  }
}

function parse() {
  const [path, query = ""] = location.hash.replace(/^#\/?/, "").split("?");
  const [page = "", ...rest] = path.split("/").map(decoded);
  return { page: page || "city", id: rest.join("/"), query: Object.fromEntries(new URLSearchParams(query)) };
}

export const route = signal(parse());
addEventListener("hashchange", () => (route.value = parse()));

/** The address of a page; parts of the query that say nothing are left out. */
export function href(page, id = "", query = {}) {
  const told = Object.entries(query).filter(([, value]) => value !== "" && value !== null && value !== undefined);
  const path = [page === "city" ? "" : page, ...(id ? [id] : [])].map(encodeURIComponent).join("/");
  return `#/${path}${told.length ? `?${new URLSearchParams(told)}` : ""}`;
}

/** Stays on the page and changes parts of its query; a step back leads to where one was before. */
export function ask(query) {
  const { page, id, query: before } = route.value;
  location.hash = href(page, id, { ...before, ...query });
}

export function go(page, id, query) {
  location.hash = href(page, id, query);
}

/** For a screen on a wall that nobody touches: `?wall=1`. */
export const isWall = new URLSearchParams(location.search).get("wall") === "1";
