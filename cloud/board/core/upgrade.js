/** Notices that the server has another version of this board: the page's entity tag covers all its files. */
import { signal } from "@preact/signals";

import { isExpected } from "./api.js";
import { isWall } from "./route.js";

export const isOutdated = signal(false);
let known = null;

/** Asked at every new connection, for an upgrade cuts the old one. Nobody sits at a wall: it takes the new version itself. */
export async function lookForUpgrade() {
  try {
    const found = (await fetch(location.pathname, { method: "HEAD", cache: "no-cache" })).headers.get("ETag");
    known ??= found;
    document.body.dataset.version = known;
    isOutdated.value = found !== known;
  } catch (error) {
    if (!isExpected(error)) throw error;
  }
  if (isOutdated.value && isWall) location.reload();
}
