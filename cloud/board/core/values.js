/** The newest values of one site, asked for each second while somebody looks: those of a whole city are megabytes. */
import { useEffect } from "preact/hooks";
import { useSignal } from "@preact/signals";

import { get, isExpected } from "./api.js";
import { isLive } from "./city.js";

const EVERY_MS = 1_000;

/** A signal of the values by `sensor/quantity`, empty until they are known; `site` may be null. */
export function useValues(site) {
  const values = useSignal(new Map());
  useEffect(() => {
    values.value = new Map();
    if (!site) return undefined;
    let isHere = true;
    let timer = 0;
    const load = async () => {
      try {
        const found = document.hidden || !isLive.peek() ? null : await get("values", { site });
        if (isHere && found) values.value = new Map(found.map((one) => [`${one.sensor}/${one.quantity}`, { ...one, time: one.time_ns / 1e6 }]));
      } catch (error) {
        if (!isExpected(error)) throw error;
      }
      // After the answer, not beside it: on a slow link questions would queue up before what a person does.
      if (isHere) timer = setTimeout(load, EVERY_MS);
    };
    load();
    return () => {
      isHere = false;
      clearTimeout(timer);
    };
  }, [site]);
  return values;
}
