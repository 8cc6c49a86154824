/** The order of a list stands still while the pointer is over it: nobody acknowledges what slipped under the finger. */
import { useRef } from "preact/hooks";
import { useSignal } from "@preact/signals";

/**
 * `[items, handlers, isFrozen]`: the items in the order they had when the pointer came, new ones behind them; what to
 * put on the list's element.
 */
export function useFrozenOrder(items, keyOf) {
  const isFrozen = useSignal(false);
  const order = useRef([]);
  const handlers = {
    onPointerEnter: (event) => event.pointerType === "mouse" && (isFrozen.value = true),
    onPointerLeave: () => (isFrozen.value = false),
    onFocusIn: () => (isFrozen.value = true),
    onFocusOut: (event) => event.currentTarget.contains(event.relatedTarget) || (isFrozen.value = false),
  };
  if (!isFrozen.value) {
    order.current = items.map(keyOf);
    return [items, handlers, false];
  }
  const byKey = new Map(items.map((item) => [keyOf(item), item]));
  const known = order.current.filter((key) => byKey.has(key));
  const fresh = [...byKey.keys()].filter((key) => !order.current.includes(key));
  order.current = [...known, ...fresh];
  return [order.current.map((key) => byKey.get(key)), handlers, true];
}
