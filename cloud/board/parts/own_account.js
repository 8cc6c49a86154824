/** Who sits here: the own password, and the way out. */
import { useSignal } from "@preact/signals";

import { door, post } from "../core/api.js";
import { html } from "../core/html.js";
import { useAct } from "../core/loaded.js";
import { logOut, who } from "../core/session.js";
import { say } from "../core/words.js";
import { ActDialog, Dialog, Field, NewPassword } from "./dialog.js";
import { Glyph } from "./glyphs.js";
import { Trouble } from "./trouble.js";

/** Logs out everywhere, here too. */
function OwnPassword({ onClose }) {
  const acting = useAct((fields) => post("session/password", fields), () => door.shut());
  return html`<${ActDialog} title=${say("password.own")} confirm=${say("save")} act=${acting} onClose=${onClose}>
    <${Field} label=${say("password.old")} name="old" type="password" required autocomplete="current-password" />
    <${NewPassword} label=${say("password.new")} name="new" />
  <//>`;
}

export function OwnAccount() {
  const asked = useSignal("");
  const leaving = useAct(logOut);
  if (who.value.via !== "session") return null;
  const close = () => (asked.value = "");
  const { name, full_name, role } = who.value;
  return html`<button class="who" onClick=${() => (asked.value = "menu")} title=${full_name} aria-label=${say("account")}>
      <${Glyph} name="person" size=${18} />
    </button>
    ${asked.value === "menu" &&
    html`<${Dialog} title=${full_name} onClose=${close}>
      <p>${name} · ${say(`role.${role}`)}</p>
      <${Trouble} of=${leaving.trouble.value} />
      <div class="answers">
        <button onClick=${close}>${say("cancel")}</button>
        <button onClick=${() => (asked.value = "password")}>${say("password.own")}</button>
        <button class="firm" onClick=${() => leaving.act()}>${say("logout")}</button>
      </div>
    <//>`}
    ${asked.value === "password" && html`<${OwnPassword} onClose=${close} />`}`;
}
