/** 上报: a person files a case, at a site or without one. */
import { post } from "../core/api.js";
import { city, districtName, takeCases } from "../core/city.js";
import { html } from "../core/html.js";
import { useAct } from "../core/loaded.js";
import { pick, say } from "../core/words.js";
import { ActDialog, Field } from "./dialog.js";
import { LEVELS } from "./levels.js";

export function FileCase({ onClose, site = "" }) {
  const acting = useAct(async ({ site: chosen, district, ...told }) => {
    const filed = await post("cases", { ...told, ...(chosen ? { site: chosen } : { district }) });
    takeCases([filed]);
  }, onClose);
  return html`<${ActDialog} title=${say("cases.file")} act=${acting} onClose=${onClose}>
    <${Field} label=${say("field.title")} name="title" required maxlength="200" />
    <${Field} label=${say("field.level")}><select name="level">${LEVELS.toReversed().map((level) => html`<option value=${level}>${say(`level.${level}`)}</option>`)}</select><//>
    <${Field} label=${say("field.site.optional")}>
      <input name="site" value=${site} list="filed-sites" autocomplete="off" />
      <datalist id="filed-sites">${city.value.sites.map((one) => html`<option key=${one.id} value=${one.id}>${pick(one.name, one.name_en)}</option>`)}</datalist>
    <//>
    <${Field} label=${say("district")}>
      <select name="district">${Object.keys(city.value.districts).map((id) => html`<option value=${id}>${districtName(id)}</option>`)}</select>
    <//>
    <${Field} label=${say("field.note.optional")}><textarea name="text" rows="3" maxlength="2000"></textarea><//>
  <//>`;
}
