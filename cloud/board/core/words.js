/** What the board says, in Chinese and English: one catalogue a language in `words/`; a test finds missing keys. */
import { batch, signal } from "@preact/signals";

import { keep, kept } from "./kept.js";

const LANGUAGES = ["zh", "en"];

function chosen() {
  const asked = new URLSearchParams(location.search).get("lang") ?? kept("language");
  return LANGUAGES.includes(asked) ? asked : "zh";
}

async function load(name) {
  const answer = await fetch(new URL(`../words/${name}.json`, import.meta.url));
  return answer.json();
}

export const language = signal(chosen());
const catalogue = signal(await load(language.value));

/** The words for a key, with `{name}` filled in. An unknown key shows itself. */
export function say(key, values = {}) {
  const words = catalogue.value[key] ?? key;
  return words.replace(/\{(\w+)\}/g, (_, name) => values[name] ?? "");
}

/** The words for a key whose last part is data (a kind of site); data without words shows itself. */
export function sayOr(key, otherwise) {
  return catalogue.value[key] ?? otherwise;
}

/** The Chinese or the English one of two names; a missing one is replaced by the other. */
export function pick(zh, en) {
  return language.value === "en" ? en || zh : zh || en;
}

export async function switchLanguage() {
  const next = LANGUAGES[(LANGUAGES.indexOf(language.value) + 1) % LANGUAGES.length];
  const words = await load(next);
  batch(() => {
    catalogue.value = words;
    language.value = next;
  });
  keep("language", next);
}
