// probe.js - asking a robot to try one of its routes: a tiny question that nobody hears

import { html, useState } from "../../dom.js";
import { useResource } from "../../api.js";
import { FormDialog } from "../../components/dialog.js";
import { SelectField } from "../../components/field.js";
import { Loaded } from "../../components/states.js";
import { t } from "../../text.js";
import { command } from "./commands.js";

const nameOf = (route) => `${route.vendor}/${route.model}`;

export function Probe({ id, name, onClose }) {
  const state = useResource(`/devices/${id}/why`);
  const [chosen, setChosen] = useState("");
  const routes = (state.data?.routes || []).filter((route) => route.use === "chat" && !route.flaw).map(nameOf);
  const route = chosen || routes[0];

  return html`<${FormDialog} title=${t("probe.title", { name })} action=${t("probe.do")} ready=${Boolean(route)}
      submit=${() => command(id, "probe", route)} onClose=${onClose}>${(problem) => html`
    <p>${t("probe.text")}</p>
    <${Loaded} state=${state} lines=${1}>${() => (routes.length === 0 ? html`<p class="muted">${t("probe.none")}</p>`
      : html`<${SelectField} label=${t("probe.route")} value=${route} onInput=${setChosen} error=${problem?.at("/text")}
        options=${[...new Set(routes)].map((text) => [text, text])} />`)}</${Loaded}>`}
  </${FormDialog}>`;
}
