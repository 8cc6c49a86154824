/** Light or dark: as the machine prefers, `?theme=dark`, or as a person switched. */
import { signal } from "@preact/signals";

const asked = new URLSearchParams(location.search).get("theme") ?? localStorage.getItem("theme");
const preferred = matchMedia("(prefers-color-scheme: dark)").matches ? "dark" : "light";

export const theme = signal(["light", "dark"].includes(asked) ? asked : preferred);

export function switchTheme() {
  theme.value = theme.value === "dark" ? "light" : "dark";
  localStorage.setItem("theme", theme.value);
}
