/** The district that one looks at; empty is the whole city. */
import { signal } from "@preact/signals";

export const district = signal("");

export function scopeTo(id) {
  district.value = id;
}

/** Is it of the district that one looks at? */
export function isInScope(item) {
  return !district.value || item.district === district.value;
}
