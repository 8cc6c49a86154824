/** The few pictures of the board's pages and buttons, drawn as strokes on a 24 × 24 grid. */
import { html } from "../core/html.js";

const STROKES = {
  city: "M12 21s-7-6.2-7-11a7 7 0 0 1 14 0c0 4.8-7 11-7 11zM12 12.500a2.5 2.5 0 1 0 0-5 2.5 2.5 0 0 0 0 5z",
  alarms: "M6 16v-5a6 6 0 0 1 12 0v5l1.5 2.500h-15zM10 21h4",
  cases: "M4 7.500V19h16V7.500zM4 7.5 6 4.500h5l1.5 3M8 12h8M8 15.500h5",
  typhoon: "M12 12h.01M12 7.500a4.5 4.5 0 1 1-4.5 4.500C7.5 7 11 3.5 17 3.500M12 16.500a4.5 4.5 0 1 0 4.5-4.500c0 5-3.5 8.5-9.5 8.5",
  evaluation: "M4 20h16M6.5 20v-7M12 20V5M17.5 20v-10",
  duty: "M4 6h16v14H4zM4 10h16M8 3.500V7M16 3.500V7M8 14h3M13 14h3M8 17h3",
  fleet: "M5 5h14v6H5zM5 13h14v6H5zM8 8h.01M8 16h.01M12 8h4M12 16h4",
  users: "M9 11a3.5 3.5 0 1 0 0-7 3.5 3.5 0 0 0 0 7zM2.5 20c0-3.8 2.9-6 6.5-6s6.5 2.2 6.5 6M16 4.500a3.5 3.5 0 0 1 0 6.200M18 14.500c2.2.7 3.5 2.6 3.5 5.5",
  search: "M10.5 17a6.5 6.5 0 1 0 0-13 6.5 6.5 0 0 0 0 13zM15.5 15.5 20.5 20.5",
  sound: "M5 9.500v5h3.500L13 18.500v-13L8.5 9.500zM16 9a4 4 0 0 1 0 6M18.5 6.500a7.5 7.5 0 0 1 0 11",
  silent: "M5 9.500v5h3.500L13 18.500v-13L8.5 9.500zM16.5 9.500l5 5M21.5 9.500l-5 5",
  print: "M7 8V4h10v4M7 17H4V8h16v9h-3M7 14h10v6.500H7z",
  person: "M12 11.500a4 4 0 1 0 0-8 4 4 0 0 0 0 8zM4.5 20.500c0-4 3.3-6.5 7.5-6.500s7.5 2.5 7.5 6.5",
  theme: "M12 20a8 8 0 1 0 0-16zM12 4v16",
};

export function Glyph({ name, size = 22 }) {
  return html`<svg class="glyph" viewBox="0 0 24 24" width=${size} height=${size} aria-hidden="true"><path d=${STROKES[name]} /></svg>`;
}
