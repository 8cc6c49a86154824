/** The order of a list stands still while the pointer is over it: nobody acknowledges what slipped under the finger. */
import { useRef } from "preact/hooks";
import { useSignal } from "@preact/signals";

/**
 * `[items, handlers, isFrozen]`: the first `most` items, in the order they had when the pointer came, and behind them
 * what has come among the first since; what to put on the list's element. A thumb that has pressed freezes nothing.
 */
export function useFrozenOrder(items, keyOf, most = Infinity) {
  const isFrozen = useSignal(false);
  const order = useRef([]);
  const handlers = {
    onPointerEnter: (event) => event.pointerType === "mouse" && (isFrozen.value = true),
    onPointerLeave: () => (isFrozen.value = false),
    onFocusIn: (event) => event.target.matches(":focus-visible") && (isFrozen.value = true),
    onFocusOut: (event) => event.currentTarget.contains(event.relatedTarget) || (isFrozen.value = false),
  };
  const first = items.slice(0, most);
  if (!isFrozen.value) {
    order.current = first.map(keyOf);
    return [first, handlers, false];
  }
  const byKey = new Map(items.map((item) => [keyOf(item), item]));
  const known = new Set(order.current.filter((key) => byKey.has(key)));
  order.current = [...known, ...first.map(keyOf).filter((key) => !known.has(key))];
  return [order.current.map((key) => byKey.get(key)), handlers, true];
}
