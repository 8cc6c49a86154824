/** Who may come in: people with their roles and reach, programs with their tokens. */
import { useSignal } from "@preact/signals";

import { get, post, send } from "../core/api.js";
import { districtName } from "../core/city.js";
import { dateTimeNs } from "../core/format.js";
import { html } from "../core/html.js";
import { useAct, useLoaded } from "../core/loaded.js";
import { who } from "../core/session.js";
import { say } from "../core/words.js";
import { districtOptions, options } from "../parts/choices.js";
import { ActDialog, Dialog, Field, NewPassword } from "../parts/dialog.js";
import { unitName, units } from "../parts/people.js";
import { Page, Scroll, Unnamed } from "../parts/page.js";
import { Trouble, Waiting } from "../parts/trouble.js";

const ROLES = ["viewer", "handler", "operator", "maintainer"];
const DAYS = [30, 90, 365];
const DAY_MS = 86_400_000;

function RoleField({ chosen = "viewer" }) {
  return html`<${Field} label=${say("role")} hint=${say("role.hint")}>
    <select name="role">${options(ROLES, (role) => say(`role.${role}`), chosen)}</select>
  <//>`;
}

/** Of nothing chosen: everything. */
function ReachFields({ districts = [], units: own = [] }) {
  const unitOption = ({ id }) => html`<option value=${id} selected=${own.includes(id)}>${unitName(id)}</option>`;
  return html`<${Field} label=${say("reach.districts")} hint=${say("reach.hint")}>
      <select name="districts" multiple>${districtOptions(districts)}</select>
    <//>
    <${Field} label=${say("reach.units")}>
      <select name="units" multiple>${(units.value ?? []).map(unitOption)}</select>
    <//>`;
}

function Reach({ of: one }) {
  const told = [...one.districts.map(districtName), ...one.units];
  return told.length ? told.join(" ") : html`<span class="quiet">${say("reach.all")}</span>`;
}

function Adding({ onClose }) {
  const acting = useAct((fields) => post("users", fields), onClose);
  return html`<${ActDialog} title=${say("users.add")} act=${acting} onClose=${onClose}>
    <${Field} label=${say("login.name")} name="name" required maxlength="64" autocomplete="off" />
    <${Field} label=${say("users.full_name")} name="full_name" maxlength="100" autocomplete="off" />
    <${NewPassword} label=${say("login.password")} name="password" />
    <${RoleField} /><${ReachFields} />
  <//>`;
}

function Changing({ user, onClose }) {
  const acting = useAct(({ is_active, ...fields }) => {
    const changed = { ...fields, is_active: is_active === "on" };
    return send("PATCH", `users/${encodeURIComponent(user.name)}`, changed);
  }, onClose);
  return html`<${ActDialog} title=${say("users.change", { name: user.name })} confirm=${say("save")} act=${acting} onClose=${onClose}>
    <${Field} label=${say("users.full_name")} name="full_name" value=${user.full_name} maxlength="100" />
    <${RoleField} chosen=${user.role} /><${ReachFields} ...${user} />
    <label class="tick"><input type="checkbox" name="is_active" checked=${user.is_active} /> ${say("users.is_active")}</label>
  <//>`;
}

function SettingPassword({ user, onClose }) {
  const acting = useAct((fields) => post(`users/${encodeURIComponent(user.name)}/password`, fields), onClose);
  return html`<${ActDialog} title=${say("users.password", { name: user.name })} confirm=${say("save")} act=${acting} onClose=${onClose}>
    <${NewPassword} label=${say("password.new")} name="password" />
  <//>`;
}

function Issuing({ onClose }) {
  const secret = useSignal("");
  const issue = ({ days, ...fields }) => post("tokens", { ...fields, expires_ns: (Date.now() + days * DAY_MS) * 1e6 });
  const acting = useAct(issue, (issued) => (secret.value = issued.secret));
  if (secret.value) {
    return html`<${Dialog} title=${say("tokens.issued")} onClose=${onClose}>
      <p>${say("tokens.once")}</p>
      <p><code class="secret">${secret.value}</code></p>
      <form method="dialog" class="answers"><button class="firm">${say("close")}</button></form>
    <//>`;
  }
  return html`<${ActDialog} title=${say("tokens.add")} act=${acting} onClose=${onClose}>
    <${Field} label=${say("tokens.name")} name="name" required maxlength="64" autocomplete="off" />
    <${RoleField} /><${ReachFields} />
    <${Field} label=${say("tokens.ends")}>
      <select name="days">${options(DAYS, (days) => say("days.count", { count: days }))}</select>
    <//>
  <//>`;
}

function User({ user, onAsk }) {
  const change = (close) => html`<${Changing} user=${user} onClose=${close} />`;
  const setPassword = (close) => html`<${SettingPassword} user=${user} onClose=${close} />`;
  return html`<tr data-user=${user.name} class=${user.is_active ? "" : "offline"}>
    <th scope="row">${user.name}</th>
    <td>${user.full_name}</td>
    <td>${say(`role.${user.role}`)}</td>
    <td><${Reach} of=${user} /></td>
    <td>${say(user.is_active ? "users.active" : "users.inactive")}</td>
    <td class="number">${dateTimeNs(user.created_ns)}</td>
    <td>
      <button class="small" onClick=${() => onAsk(change)}>${say("change")}</button>${" "}
      <button class="small" onClick=${() => onAsk(setPassword)}>${say("login.password")}</button>
    </td>
  </tr>`;
}

function Users({ users, onAsk }) {
  return html`<${Scroll} label=${say("users.people")}><table>
    <thead><tr>
      <th scope="col">${say("login.name")}</th>
      <th scope="col">${say("users.full_name")}</th>
      <th scope="col">${say("role")}</th>
      <th scope="col">${say("reach")}</th>
      <th scope="col">${say("column.state")}</th>
      <th scope="col">${say("users.since")}</th>
      <${Unnamed} label=${say("change")} />
    </tr></thead>
    <tbody>${users.map((user) => html`<${User} key=${user.name} user=${user} onAsk=${onAsk} />`)}</tbody>
  </table><//>`;
}

/** Until when a token is good. */
function endOf(token) {
  if (token.revoked_ns) return say("tokens.revoked");
  return token.expires_ns ? say("until", { time: dateTimeNs(token.expires_ns) }) : say("tokens.endless");
}

function Token({ token, onRevoke }) {
  return html`<tr class=${token.revoked_ns ? "offline" : ""}>
    <th scope="row">${token.name}</th>
    <td>${say(`role.${token.role}`)}</td>
    <td><${Reach} of=${token} /></td>
    <td class="number">${endOf(token)}</td>
    <td>${!token.revoked_ns && html`<button class="small" onClick=${() => onRevoke(token.name)}>${say("tokens.revoke")}</button>`}</td>
  </tr>`;
}

function Tokens({ tokens, onDone }) {
  const revoking = useAct((name) => send("DELETE", `tokens/${encodeURIComponent(name)}`), onDone);
  return html`<${Trouble} of=${revoking.trouble.value} />
    ${tokens.length === 0
      ? html`<p class="quiet">${say("tokens.none")}</p>`
      : html`<${Scroll} label=${say("tokens.title")}><table><tbody>
          ${tokens.map((token) => html`<${Token} key=${token.name} token=${token} onRevoke=${revoking.act} />`)}
        </tbody></table><//>`}`;
}

export default function UsersPage() {
  if (who.value.via === "demo") return html`<${Page} title=${say("page.users")}><p class="quiet">${say("users.demonstration")}</p><//>`;
  return html`<${Accounts} />`;
}

function Accounts() {
  const { data, trouble, reload } = useLoaded(() => Promise.all([get("users"), get("tokens")]), []);
  /** Gives the dialog that is open, or null. */
  const asked = useSignal(null);
  const close = () => {
    asked.value = null;
    reload();
  };
  const ask = (dialog) => (asked.value = dialog);
  const beside = html`<button class="small" onClick=${() => ask(() => html`<${Adding} onClose=${close} />`)}>${say("users.add")}</button>
    <button class="small" onClick=${() => ask(() => html`<${Issuing} onClose=${close} />`)}>${say("tokens.add")}</button>`;
  if (!data.value) return html`<${Page} title=${say("page.users")}><${Waiting} trouble=${trouble.value} /><//>`;
  const [users, tokens] = data.value;
  return html`<${Page} title=${say("page.users")} beside=${beside} className="users-page">
    <section class="card"><h2>${say("users.people")} <b>${users.length}</b></h2><${Users} users=${users} onAsk=${ask} /></section>
    <section class="card"><h2>${say("tokens.title")} <b>${tokens.length}</b></h2><${Tokens} tokens=${tokens} onDone=${reload} /></section>
    ${asked.value?.(close)}
  <//>`;
}
