/** A question in front of the page: the browser keeps the focus in it, and Escape ends it. */
import { useEffect, useId, useRef } from "preact/hooks";

import { html } from "../core/html.js";
import { say } from "../core/words.js";
import { Trouble } from "./trouble.js";

export function Dialog({ title, onClose, children }) {
  const place = useRef(null);
  const heading = useId();
  useEffect(() => {
    const pressed = document.activeElement;
    place.current.showModal();
    // A dialog that is taken away, and not closed, gives the focus back to nobody.
    return () => requestAnimationFrame(() => document.activeElement === document.body && pressed.focus());
  }, []);
  return html`<dialog ref=${place} aria-labelledby=${heading} onClose=${onClose}>
    <h2 id=${heading}>${title}</h2>
    ${children}
  </dialog>`;
}

/** By name; a choice of several is a list, also of none. */
export function fieldsOf(form) {
  const given = new FormData(form);
  const several = [...form.elements].filter((one) => one.multiple).map(({ name }) => [name, given.getAll(name)]);
  return { ...Object.fromEntries(given), ...Object.fromEntries(several) };
}

/** A dialog that does something: `act` is a `useAct`; it gets the fields of the form. */
export function ActDialog({ title, act, confirm, onClose, children }) {
  const submit = (event) => {
    event.preventDefault();
    act.act(fieldsOf(event.target));
  };
  return html`<${Dialog} title=${title} onClose=${onClose}>
    <form onSubmit=${submit}>
      ${children}
      <${Trouble} of=${act.trouble.value} />
      <div class="answers">
        <button type="button" onClick=${onClose}>${say("cancel")}</button>
        <button class="firm" disabled=${act.isBusy.value}>${confirm ?? title}</button>
      </div>
    </form>
  <//>`;
}

/** A labelled field; `children` replace the input. */
export function Field({ label, hint, children, ...input }) {
  return html`<label class="field"><span>${label}</span>${children ?? html`<input ...${input} />`}${hint && html`<small>${hint}</small>`}</label>`;
}

export function NewPassword(told) {
  return html`<${Field} ...${told} hint=${say("password.hint")} type="password" required minlength="12" autocomplete="new-password" />`;
}
