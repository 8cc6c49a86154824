/** 上报: a person files a case, at a site or without one. */
import { post } from "../core/api.js";
import { city, takeCases } from "../core/city.js";
import { html } from "../core/html.js";
import { useAct } from "../core/loaded.js";
import { pick, say } from "../core/words.js";
import { districtOptions, options } from "./choices.js";
import { ActDialog, Field } from "./dialog.js";
import { LEVELS } from "./levels.js";

export function FileCase({ onClose, site = "" }) {
  const acting = useAct(async ({ site: chosen, district, ...told }) => {
    const filed = await post("cases", { ...told, ...(chosen ? { site: chosen } : { district }) });
    takeCases([filed]);
  }, onClose);
  const siteOption = ({ id, name, name_en }) => html`<option key=${id} value=${id}>${pick(name, name_en)}</option>`;
  return html`<${ActDialog} title=${say("cases.file")} act=${acting} onClose=${onClose}>
    <${Field} label=${say("field.title")} name="title" required maxlength="200" />
    <${Field} label=${say("field.level")}>
      <select name="level">${options(LEVELS.toReversed(), (level) => say(`level.${level}`))}</select>
    <//>
    <${Field} label=${say("field.site.optional")}>
      <input name="site" value=${site} list="filed-sites" autocomplete="off" />
      <datalist id="filed-sites">${city.value.sites.map(siteOption)}</datalist>
    <//>
    <${Field} label=${say("district")}>
      <select name="district">${districtOptions()}</select>
    <//>
    <${Field} label=${say("field.note.optional")}><textarea name="text" rows="3" maxlength="2000"></textarea><//>
  <//>`;
}
