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
    const load = async () => {
      if (document.hidden || !isLive.peek()) return;
      try {
        const found = await get("values", { site });
        if (isHere) values.value = new Map(found.map((one) => [`${one.sensor}/${one.quantity}`, { ...one, time: one.time_ns / 1e6 }]));
      } catch (error) {
        if (!isExpected(error)) throw error;
      }
    };
    load();
    const timer = setInterval(load, EVERY_MS);
    return () => {
      isHere = false;
      clearInterval(timer);
    };
  }, [site]);
  return values;
}
