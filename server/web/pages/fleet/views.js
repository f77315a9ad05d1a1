// views.js - lists that operators come back to, under a name

import { html, useState } from "../../dom.js";
import { patch, post, remove, useResource } from "../../api.js";
import { FormDialog } from "../../components/dialog.js";
import { TextField } from "../../components/field.js";
import { Missed } from "../../components/states.js";
import { attempt } from "../../components/toast.js";
import { Button, IconButton } from "../../components/ui.js";
import { may, whoAmI } from "../../session.js";
import { t } from "../../text.js";

const ASKED = ["state", "group", "q", "filter"];
const asked = (query) => Object.fromEntries(ASKED.filter((name) => query[name]).map((name) => [name, query[name]]));
const same = (a, b) => JSON.stringify(asked(a)) === JSON.stringify(asked(b));
const isMine = (view) => view.owner === `operator:${whoAmI()?.id}`;

function Save({ query, view, onClose, onDone }) {
  const [name, setName] = useState(view?.name || "");
  const [shared, setShared] = useState(view?.shared || false);
  const submit = async () => {
    const body = { name: name.trim(), query: asked(query), shared };
    if (view) await patch(`/views/${view.id}`, body);
    else await post("/views", body);
    onDone();
  };
  return html`<${FormDialog} title=${t(view ? "view.edit" : "view.save")} action=${t("save")} submit=${submit} onClose=${onClose}
      ready=${name.trim() !== ""}>${(problem) => html`
    <${TextField} label=${t("name")} value=${name} onInput=${setName} maxlength="60" error=${problem?.at("/name")} autofocus />
    <label class="row tight"><input type="checkbox" checked=${shared} onChange=${(event) => setShared(event.target.checked)} />
      ${t("view.share")}</label>`}</${FormDialog}>`;
}

// query: what the page shows; change: as of useQuery.
export function Views({ query, change }) {
  const state = useResource("/views", { kinds: ["view"], gap_ms: 300 });
  const [saving, setSaving] = useState(false);
  const views = state.data?.items || [];
  const current = views.find((view) => same(view.query, query));
  const isAsked = Object.keys(asked(query)).length > 0;
  if (!state.data) return html`<${Missed} state=${state} what=${t("views")} />`;
  if (views.length === 0 && !isAsked) return null;
  const open = (view) => change({ ...Object.fromEntries(ASKED.map((name) => [name, ""])), ...view.query });
  const own = current && (isMine(current) || may("admin"));
  return html`<div class="toolbar views" role="group" aria-label=${t("views")}>
    ${views.map((view) => html`<button type="button" key=${view.id} class="chip view" aria-pressed=${view === current}
      title=${isMine(view) ? undefined : t("view.of", { owner: view.owner.replace("operator:", "") })}
      onClick=${() => open(view)}>${view.name}${view.shared && html`<span class="muted"> ${t("view.shared")}</span>`}</button>`)}
    ${own && html`<${IconButton} icon="edit" label=${t("view.edit")} onClick=${() => setSaving(true)} />
      <${IconButton} icon="trash" label=${t("view.forget", { name: current.name })}
        onClick=${() => attempt(() => remove(`/views/${current.id}`).then(state.reload))} />`}
    ${isAsked && !current && html`<${Button} kind="quiet" icon="plus" onClick=${() => setSaving(true)}>${t("view.save")}</${Button}>`}
    ${saving && html`<${Save} query=${query} view=${own ? current : null} onClose=${() => setSaving(false)} onDone=${state.reload} />`}
  </div>`;
}
