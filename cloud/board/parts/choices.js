/** What a <select> offers, and those that choose what a page shows. */
import { city, districtName } from "../core/city.js";
import { html } from "../core/html.js";
import { ask } from "../core/route.js";
import { say } from "../core/words.js";

/** `chosen` is one value or several. */
export function options(values, words, chosen = []) {
  const ticked = new Set([chosen].flat());
  return values.map((value) => html`<option key=${value} value=${value} selected=${ticked.has(value)}>${words(value)}</option>`);
}

export function districtOptions(chosen) {
  return options(Object.keys(city.value.districts), districtName, chosen);
}

/** Changes one name of the page's query; `none` says what its absence means. */
export function QueryChoice({ name, values, words, chosen, none, ...more }) {
  return html`<select ...${more} onChange=${(event) => ask({ [name]: event.target.value })}>
    ${none && html`<option value="">${none}</option>`}
    ${options(values, words, chosen)}
  </select>`;
}

export function DistrictChoice({ chosen, none = say("whole_city"), ...more }) {
  const districts = Object.keys(city.value.districts);
  return html`<${QueryChoice} name="district" values=${districts} words=${districtName} chosen=${chosen} none=${none} ...${more} />`;
}
