// claim.js - a claim code lets new robots in; it is shown once

import { html, useState } from "../dom.js";
import { post } from "../api.js";
import { Dialog, FormDialog } from "../components/dialog.js";
import { SelectField, TextField } from "../components/field.js";
import { Button, Copy } from "../components/ui.js";
import { timeExact } from "../format.js";
import { t } from "../text.js";

const HOUR_S = 3600;
const LIVES = [[HOUR_S, "claim.hour"], [24 * HOUR_S, "claim.day"], [30 * 24 * HOUR_S, "claim.month"]];

function Code({ claim, onClose }) {
  const command = `myna-agent enrol --url ${claim.device_url} --claim ${claim.code} --device-id NAME`;
  return html`<${Dialog} title=${t("claim.ready")} onClose=${onClose}>
    <p>${t("claim.once")}</p>
    <pre class="code wrap">${command}</pre>
    <footer class="row end">
      ${claim.expires_at && html`<span class="muted grow">${t("claim.until", { time: timeExact(claim.expires_at) })}</span>`}
      <${Copy} text=${command} /><${Button} kind="primary" onClick=${onClose}>${t("close")}</${Button}>
    </footer>
  </${Dialog}>`;
}

export function ClaimDialog({ groups, onClose }) {
  const [uses, setUses] = useState("1");
  const [group, setGroup] = useState("");
  const [life, setLife] = useState(String(LIVES[1][0]));
  const [claim, setClaim] = useState(null);

  const submit = async () => {
    const { data } = await post("/claims", {
      uses: Number(uses), expires_in_s: Number(life), ...(group && { group }),
    });
    setClaim(data);
    return false;
  };
  if (claim) return html`<${Code} claim=${claim} onClose=${onClose} />`;
  return html`<${FormDialog} title=${t("claim.add")} action=${t("claim.make")} submit=${submit} onClose=${onClose}>
    ${(problem) => html`<p class="muted">${t("claim.lead")}</p>
    <${TextField} label=${t("claim.uses")} type="number" min="1" max="1000000" value=${uses} onInput=${setUses}
      error=${problem?.at("/uses")} />
    <${SelectField} label=${t("group")} value=${group} onInput=${setGroup} error=${problem?.at("/group")}
      options=${[["", t("none")], ...groups.map(({ id }) => [id, id])]} />
    <${SelectField} label=${t("claim.life")} value=${life} onInput=${setLife} error=${problem?.at("/expires_in_s")}
      options=${LIVES.map(([seconds, key]) => [String(seconds), t(key)])} />`}
  </${FormDialog}>`;
}
