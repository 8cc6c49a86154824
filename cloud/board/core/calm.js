/** What changes faster than anybody reads is shown five times a second. */
import { effect, signal } from "@preact/signals";

const SPACED_MS = 200;

/** The same value, at once when it has been calm, and a little later while it changes on and on. */
export function calm(source) {
  const shown = signal(source.peek());
  let shownAt = 0;
  let timer = 0;
  const show = () => {
    timer = 0;
    shownAt = Date.now();
    shown.value = source.peek();
  };
  effect(() => {
    source.value;
    const left_ms = shownAt + SPACED_MS - Date.now();
    if (left_ms <= 0) show();
    else timer ||= setTimeout(show, left_ms);
  });
  return shown;
}
