/** What people do to a case: one button an act that the API says is open, each with the form that the act needs. */
import { useRef } from "preact/hooks";
import { useSignal } from "@preact/signals";

import { post, Problem } from "../core/api.js";
import { answerTo, cases, takeCases } from "../core/city.js";
import { html } from "../core/html.js";
import { useAct } from "../core/loaded.js";
import { pick, say } from "../core/words.js";
import { ActDialog, Field } from "./dialog.js";
import { units } from "./people.js";

const UNCONFIRMED = "E-CASE-009"; // the sensor does not say that all is well
/** The fields of each act; `!` after one that must be filled in. What is not here has none but a note. */
const FIELDS = {
  dismiss: ["note!"],
  dispatch: ["unit!", "note"],
  refuse: ["note!"],
  send_back: ["note!"],
  close: ["finding", "note", "without_sensor"],
  suspend: ["note!"],
  extend: ["hours!", "note!"],
  note: ["note!"],
  dispute: ["note!"],
  merge: ["into!", "note"],
  split: ["members!", "note"],
  duplicate: ["of!", "note"],
  decide: ["unit!", "note!"],
  done: ["site!", "note"],
};
/** The acts that move a case on; the others stand behind them. */
const FIRST = ["file", "dispatch", "accept", "arrive", "feed_back", "verify", "close", "decide"];
const FINDINGS = ["handled", "false_alarm", "nothing_found"];

/** The act as the API takes it, from the fields of its form. */
function actOf(kind, fields) {
  const { hours, unit = "", ...told } = fields;
  const [unitId, person] = unit.split("/");
  return { act: kind, ...told, ...(hours && { seconds: hours * 3600 }), ...(unit && { unit: unitId }), ...(person && { person }) };
}

/** Does it to the version that the person saw, and shows the case as it is then. */
export async function actOnCase(item, kind, fields) {
  const take = answerTo(takeCases, cases, "number");
  const done = await post(`cases/${encodeURIComponent(item.number)}/acts`, actOf(kind, fields), item.version);
  take([done]);
  return done;
}

function ActButton({ kind, onClick }) {
  const look = FIRST.includes(kind) ? "firm" : "";
  return html`<button class=${look} data-act=${kind} onClick=${onClick}>${say(`act.${kind}`)}</button>`;
}

export function CaseActs({ item, onDone }) {
  const asked = useSignal("");
  const can = item.can.toSorted((one, other) => (FIRST.indexOf(one) + 99) % 99 - ((FIRST.indexOf(other) + 99) % 99));
  const done = (after) => {
    asked.value = "";
    onDone(after);
  };
  if (can.length === 0) return html`<p class="quiet">${say("case.can_nothing")}</p>`;
  return html`<div class="acts">
    ${can.map((kind) => html`<${ActButton} key=${kind} kind=${kind} onClick=${() => (asked.value = kind)} />`)}
    ${asked.value && html`<${CaseAct} key=${asked.value} kind=${asked.value} item=${item} onDone=${done} onClose=${() => (asked.value = "")} />`}
  </div>`;
}

/** About the case as it was when the button was pressed: the page behind goes on, and what changed there was not seen. */
function CaseAct({ kind, item: present, onDone, onClose }) {
  const { current: item } = useRef(present);
  const acting = useAct((fields) => actOnCase(item, kind, fields), onDone);
  const { value: trouble } = acting.trouble;
  const needsReason = trouble instanceof Problem && trouble.code === UNCONFIRMED;
  const fields = (FIELDS[kind] ?? ["note"]).filter((name) => name !== "without_sensor" || needsReason);
  const words = say(`act.${kind}`);
  const field = (told) => {
    const name = told.replace("!", "");
    const isRequired = told.endsWith("!") || name === "without_sensor";
    return html`<${ActField} key=${told} kind=${kind} name=${name} required=${isRequired} item=${item} />`;
  };
  return html`<${ActDialog} title=${`${words} · ${item.number}`} confirm=${words} act=${acting} onClose=${onClose}>
    ${fields.map(field)}
  <//>`;
}

function ActField({ kind, name, required, item }) {
  const label = say(`field.${name}${name === "note" && !required ? ".optional" : ""}`);
  if (name === "unit") {
    return html`<${Field} label=${label}>
      <${UnitChoice} required=${required} chosen=${item.unit} withPeople=${kind === "dispatch"} />
    <//>`;
  }
  if (name === "finding") {
    return html`<${Field} label=${label}>
      <select name="finding">${FINDINGS.map((one) => html`<option value=${one}>${say(`outcome.${one}`)}</option>`)}</select>
    <//>`;
  }
  if (name === "members" || name === "site") {
    return html`<${Field} label=${label}>
      <select name=${name} required multiple=${name === "members"}>${openParts(item).map((part) => html`<option>${part.member}</option>`)}</select>
    <//>`;
  }
  if (name === "hours") return html`<${Field} label=${label} name="hours" type="number" min="0.5" max="720" step="0.5" value="2" required />`;
  if (name === "into" || name === "of") {
    return html`<${Field} label=${label} name=${name} pattern="\\d{8}-\\d{5,}" placeholder="20261126-00001" required />`;
  }
  return html`<${Field} label=${label}><textarea name=${name} rows="3" maxlength="2000" required=${required}></textarea><//>`;
}

function openParts(item) {
  return (item.parts ?? []).filter((part) => part.until_ns === null && part.done_ns === null);
}

/** Units: whoever is on duty there, and with `withPeople` each of their people. */
export function UnitChoice({ required, chosen = "", withPeople = true }) {
  return html`<select name="unit" required=${required}>
    <option value="">${say("unit.choose")}</option>
    ${(units.value ?? []).map(
      (unit) => html`<optgroup key=${unit.id} label=${pick(unit.name, unit.name_en)}>
        <option value=${unit.id} selected=${unit.id === chosen}>${say("unit.on_duty", { name: pick(unit.name, unit.name_en) })}</option>
        ${withPeople && unit.people.map((person) => html`<option value=${`${unit.id}/${person.id}`}>${person.name}</option>`)}
      </optgroup>`,
    )}
  </select>`;
}
