/** What a page asks the API for, and what a person does there: the answer, or the problem, as signals. */
import { useEffect, useRef } from "preact/hooks";
import { useSignal } from "@preact/signals";

import { isExpected } from "./api.js";

/** Asks at once, when one of `wants` changes, and every `every` ms while somebody looks. */
export function useLoaded(ask, wants, every = 0) {
  const data = useSignal(null);
  const trouble = useSignal(null);
  const turn = useRef(0);
  const reload = async () => {
    const mine = (turn.current += 1);
    try {
      const found = await ask();
      if (mine !== turn.current) return;
      data.value = found;
      trouble.value = null;
    } catch (error) {
      if (!isExpected(error)) throw error;
      if (mine === turn.current) trouble.value = error;
    }
  };
  useEffect(() => {
    reload();
    const timer = every ? setInterval(() => document.hidden || reload(), every) : 0;
    return () => clearInterval(timer);
  }, wants);
  return { data, trouble, reload };
}

/** One at a time; `onDone` hears what came of it. */
export function useAct(run, onDone = () => {}) {
  const isBusy = useSignal(false);
  const trouble = useSignal(null);
  const act = async (...told) => {
    if (isBusy.value) return;
    isBusy.value = true;
    trouble.value = null;
    try {
      onDone(await run(...told));
    } catch (error) {
      if (!isExpected(error)) throw error;
      trouble.value = error;
    } finally {
      isBusy.value = false;
    }
  };
  return { isBusy, trouble, act };
}
