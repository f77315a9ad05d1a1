// groups.js - the groups a robot is in

import { html, useState } from "../../dom.js";
import { put, remove, useResource } from "../../api.js";
import { Missed } from "../../components/states.js";
import { attempt } from "../../components/toast.js";
import { Button, Card, IconButton } from "../../components/ui.js";
import { may } from "../../session.js";
import { t } from "../../text.js";

function Join({ id, all, groups, onChange }) {
  const others = all.filter((group) => !groups.includes(group.id) && !group.filter);
  const [chosen, setChosen] = useState("");
  const join = async () => {
    if (await attempt(() => put(`/groups/${chosen}/devices/${id}`))) {
      setChosen("");
      onChange();
    }
  };
  if (others.length === 0) return html`<p class="muted"><a href="/config">${t("groups.more")}</a></p>`;
  return html`<div class="row"><select class="input grow" aria-label=${t("groups.join")} value=${chosen}
      onChange=${(event) => setChosen(event.target.value)}>
    <option value="">${t("groups.join")}</option>
    ${others.map((group) => html`<option key=${group.id} value=${group.id}
      selected=${group.id === chosen}>${group.name || group.id}</option>`)}
  </select><${Button} disabled=${!chosen} onClick=${join}>${t("add")}</${Button}></div>`;
}

export function Groups({ id, groups, onChange }) {
  const state = useResource("/groups", { kinds: ["group"], query: { limit: 200 } });
  const all = state.data?.items || [];
  const filterOf = (group) => all.find((one) => one.id === group)?.filter;
  const leave = async (group) => {
    if (await attempt(() => remove(`/groups/${group}/devices/${id}`))) onChange();
  };
  return html`<${Card} title=${t("groups")}>
    <ul class="plain">${groups.map((group) => html`<li key=${group} class="row spread">
      <a href="/config/group/${group}">${group}</a>
      ${filterOf(group) && html`<span class="sub">${filterOf(group)}</span>`}
      ${!filterOf(group) && may("operator") && html`<${IconButton} icon="close" label=${t("groups.leave", { group })}
        onClick=${() => leave(group)} />`}</li>`)}
      ${groups.length === 0 && html`<li class="muted">${t("groups.none")}</li>`}</ul>
    <${Missed} state=${state} what=${t("part.groups")} />
    ${may("operator") && html`<${Join} id=${id} all=${all} groups=${groups} onChange=${onChange} />`}
  </${Card}>`;
}
