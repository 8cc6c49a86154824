/** The four levels, worst first, each told by colour, shape and numeral: never by colour alone (ISA-101). */
import { html } from "../core/html.js";

export const LEVELS = ["red", "orange", "yellow", "blue"];
const NUMERALS = { red: "Ⅰ", orange: "Ⅱ", yellow: "Ⅲ", blue: "Ⅳ" };

/** 4 for red … 1 for blue, 0 for none; for comparing inside the board only. */
export function severity(level) {
  return level ? LEVELS.length - LEVELS.indexOf(level) : 0;
}

export function numeral(level) {
  return NUMERALS[level];
}

const SHAPES = {
  red: html`<path d="M0 -12.5 12.2 9.2H-12.2Z" />`,
  orange: html`<path d="M0 -12.5 12.5 0 0 12.5 -12.5 0Z" />`,
  yellow: html`<rect x="-9.5" y="-9.5" width="19" height="19" />`,
  blue: html`<circle r="10.5" />`,
};
/** Drawn, not written: five hundred words on a map take longer to lay out than the map. */
const STROKES = {
  red: html`<path class="numeral" d="M-2 -1.4H2M-2 6.4H2M0 -1.4V6.4" />`,
  orange: html`<path class="numeral" d="M-3.8 -4H3.8M-3.8 4H3.8M-1.8 -4V4M1.8 -4V4" />`,
  yellow: html`<path class="numeral" d="M-5 -4H5M-5 4H5M-3 -4V4M0 -4V4M3 -4V4" />`,
  blue: html`<path class="numeral" d="M-5.6 -4H-2.4M-5.6 4H-2.4M-4 -4V4M-.8 -4 2 4 4.8 -4" />`,
};

/** A sensor that cannot be trusted: a broken ring with a stroke through it, in no level's colour. */
const BROKEN = html`<circle r="9" /><path d="M-5 5 5 -5" />`;

/** The mark of a level or of a fault, centred on the origin of the SVG it is put into. */
function Mark({ id, level, isFault }) {
  if (isFault) return html`<g id=${id} class="fault-mark">${BROKEN}</g>`;
  return html`<g id=${id} class=${`mark ${level}`}>${SHAPES[level]}${STROKES[level]}</g>`;
}

/** Every mark once, for an SVG that shows hundreds: `<use href=${markRef(…)}>` is one element and not four. */
export function MarkDefinitions() {
  return html`<defs>
    ${LEVELS.map((level) => html`<${Mark} key=${level} id=${`mark-${level}`} level=${level} />`)}
    <${Mark} id="mark-fault" isFault />
  </defs>`;
}

export function markRef({ level, isFault }) {
  return `#mark-${isFault ? "fault" : level}`;
}

/** The same mark as a picture of its own, in a line of text. */
export function Icon({ level, isFault, size = 22 }) {
  return html`<svg class="icon" viewBox="-14 -14 28 28" width=${size} height=${size} aria-hidden="true">
    <${Mark} level=${level} isFault=${isFault} />
  </svg>`;
}
