/** The door. */
import { html } from "../core/html.js";
import { useAct } from "../core/loaded.js";
import { logIn } from "../core/session.js";
import { say, switchLanguage } from "../core/words.js";
import { Field, fieldsOf } from "../parts/dialog.js";
import { Trouble } from "../parts/trouble.js";

export default function LoginPage() {
  const acting = useAct(({ name, password }) => logIn(name, password));
  const submit = (event) => {
    event.preventDefault();
    acting.act(fieldsOf(event.target));
  };
  return html`<main class="login" id="page">
    <form onSubmit=${submit}>
      <img src="egret.svg" alt="" width="56" height="56" />
      <h1>${say("login.title")}</h1>
      <${Field} label=${say("login.name")} name="name" autocomplete="username" required autofocus />
      <${Field} label=${say("login.password")} name="password" type="password" autocomplete="current-password" required />
      <${Trouble} of=${acting.trouble.value} />
      <button class="firm" disabled=${acting.isBusy.value}>${say("login.enter")}</button>
      <p class="quiet">${say("login.hint")} <button type="button" class="link" onClick=${switchLanguage}>${say("language.hint")}</button></p>
    </form>
  </main>`;
}
