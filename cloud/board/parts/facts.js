/** The facts of a site or a case, each with its name. */
import { html } from "../core/html.js";
import { say } from "../core/words.js";

/** One that is not known is left out. */
export function Fact({ name, children }) {
  return children ? html`<div><dt>${say(`fact.${name}`)}</dt><dd>${children}</dd></div>` : null;
}

export function Position({ of: { longitude, latitude } }) {
  return html`<a href=${`geo:${latitude},${longitude}`}>WGS-84 ${longitude.toFixed(5)}, ${latitude.toFixed(5)}</a>`;
}

/** When a sensor was put to use, and when it was last calibrated. */
export function sensorDates({ commissioned, calibrated }) {
  const told = [
    commissioned && say("sensor.commissioned", { day: commissioned }),
    calibrated && say("sensor.calibrated", { day: calibrated }),
  ];
  return told.filter(Boolean).join(" · ");
}
