/** What the board says, in Chinese and English. words.json is the catalogue; a test finds missing keys. */
import { signal } from "@preact/signals";

const LANGUAGES = ["zh", "en"];
const catalogue = await (await fetch("words.json")).json();

function chosen() {
  const asked = new URLSearchParams(location.search).get("lang") ?? localStorage.getItem("language");
  return LANGUAGES.includes(asked) ? asked : "zh";
}

export const language = signal(chosen());

/** The words for a key, with `{name}` filled in. An unknown key shows itself. */
export function say(key, values = {}) {
  const words = catalogue[language.value][key] ?? key;
  return words.replace(/\{(\w+)\}/g, (_, name) => values[name] ?? "");
}

/** The words for a key whose last part is data (a kind of site); data without words shows itself. */
export function sayOr(key, otherwise) {
  return catalogue[language.value][key] ?? otherwise;
}

/** The Chinese or the English one of two names; a missing one is replaced by the other. */
export function pick(zh, en) {
  return language.value === "en" ? en || zh : zh || en;
}

export function switchLanguage() {
  language.value = LANGUAGES[(LANGUAGES.indexOf(language.value) + 1) % LANGUAGES.length];
  localStorage.setItem("language", language.value);
}
