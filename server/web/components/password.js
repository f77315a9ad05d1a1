// password.js - another password for whoever is signed in

import { html, useState } from "../dom.js";
import { post } from "../api.js";
import { t } from "../text.js";
import { FormDialog } from "./dialog.js";
import { TextField } from "./field.js";
import { toast } from "./toast.js";
import { Button, Card } from "./ui.js";

function Change({ onClose }) {
  const [old, setOld] = useState("");
  const [fresh, setFresh] = useState("");
  const [again, setAgain] = useState("");
  const submit = async () => {
    await post("/me/password", { old, new: fresh });
    toast(t("password.changed"));
  };
  return html`<${FormDialog} title=${t("password.change")} action=${t("save")} submit=${submit} onClose=${onClose}
      ready=${fresh !== "" && fresh === again}>${(problem) => html`
    <p>${t("password.lead")}</p>
    <${TextField} label=${t("password.old")} type="password" value=${old} onInput=${setOld} autocomplete="current-password"
      required autofocus error=${problem?.at("/old")} />
    <${TextField} label=${t("operator.new_password")} type="password" value=${fresh} onInput=${setFresh} autocomplete="new-password"
      required error=${problem?.at("/new")} />
    <${TextField} label=${t("password.again")} type="password" value=${again} onInput=${setAgain} autocomplete="new-password"
      required error=${again !== "" && !fresh.startsWith(again) ? t("password.differs") : ""} />`}</${FormDialog}>`;
}

export function Password() {
  const [isAsked, setIsAsked] = useState(false);
  return html`<${Card} title=${t("sign_in.password")} actions=${html`<${Button} onClick=${() => setIsAsked(true)}>${t("password.change")}</${Button}>`}>
    <p class="muted">${t("password.lead")}</p></${Card}>
    ${isAsked && html`<${Change} onClose=${() => setIsAsked(false)} />`}`;
}
