/** Light or dark: as the machine prefers, `?theme=dark`, or as a person switched. */
import { computed, effect, signal } from "@preact/signals";

import { keep, kept } from "./kept.js";

const asked = new URLSearchParams(location.search).get("theme") ?? kept("theme");
const preferred = matchMedia("(prefers-color-scheme: dark)").matches ? "dark" : "light";

export const theme = signal(["light", "dark"].includes(asked) ? asked : preferred);

effect(() => {
  document.documentElement.dataset.theme = theme.value;
});

const DRAWN = ["red", "orange", "yellow", "blue", "text", "quiet", "hairline", "outline", "line"];

/** The style sheet's colours for what is drawn on a canvas, by their names; read once for each theme. */
export const colours = computed(() => {
  theme.value;
  const style = getComputedStyle(document.documentElement);
  return Object.fromEntries(DRAWN.map((name) => [name, style.getPropertyValue(`--${name}`).trim()]));
});

export function switchTheme() {
  theme.value = theme.value === "dark" ? "light" : "dark";
  keep("theme", theme.value);
}
