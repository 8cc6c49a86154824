/** Units and their people, as everybody needs them: to name, to assign, to call. */
import { computed, signal } from "@preact/signals";

import { get, isExpected } from "../core/api.js";
import { pick } from "../core/words.js";

/** From GET /duty, with the duty of today; null before it is known. */
export const units = signal(null);
const byId = computed(() => new Map((units.value ?? []).map((unit) => [unit.id, unit])));

export async function loadUnits() {
  try {
    units.value = (await get("duty", { days: 1 })).units;
  } catch (error) {
    if (!isExpected(error)) throw error;
  }
}

export function unitName(id) {
  const unit = byId.value.get(id);
  return unit ? pick(unit.name, unit.name_en) : id;
}

export function personName(unit, person) {
  return byId.value.get(unit)?.people.find((one) => one.id === person)?.name ?? person;
}
