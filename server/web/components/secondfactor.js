// secondfactor.js - a code of an authenticator app besides the password: setting it up, and what is left

import { html, useState } from "../dom.js";
import { post, useResource } from "../api.js";
import { t } from "../text.js";
import { Dialog, FormDialog } from "./dialog.js";
import { CodeField, TextField } from "./field.js";
import { QrCode } from "./qr.js";
import { Failure, Skeleton } from "./states.js";
import { Ago, Button, Card, Chip, Copy } from "./ui.js";

const PATH = "/me/second-factor";
function Codes({ codes, onClose }) {
  return html`<${Dialog} title=${t("factor.codes")} onClose=${onClose}><p>${t("factor.codes.once")}</p>
    <pre class="code">${codes.join("\n")}</pre>
    <footer class="row end"><${Copy} text=${codes.join("\n")} /><${Button} kind="primary" onClick=${onClose}>${t("close")}</${Button}></footer>
  </${Dialog}>`;
}

// The password, then what the app reads, then its first code.
function SetUp({ onClose }) {
  const [password, setPassword] = useState("");
  const [begun, setBegun] = useState(null);
  const [code, setCode] = useState("");
  const [codes, setCodes] = useState(null);
  if (codes) return html`<${Codes} codes=${codes} onClose=${onClose} />`;
  const begin = async () => {
    setBegun((await post(PATH, { password })).data);
    setPassword("");
    return false;
  };
  const confirm = async () => {
    setCodes((await post(`${PATH}/confirm`, { code })).data.recovery_codes);
    return false;
  };
  if (!begun) {
    return html`<${FormDialog} key="begin" title=${t("factor.set_up")} action=${t("factor.next")} submit=${begin} onClose=${onClose}>${(problem) => html`
      <p>${t("factor.lead")}</p>
      <${TextField} label=${t("sign_in.password")} type="password" value=${password} onInput=${setPassword}
        autocomplete="current-password" required autofocus error=${problem?.at("/password")} />`}</${FormDialog}>`;
  }
  return html`<${FormDialog} key="confirm" title=${t("factor.set_up")} action=${t("factor.confirm")} submit=${confirm} onClose=${onClose}>${(problem) => html`
    <p>${t("factor.read")}</p>
    <${QrCode} rows=${begun.picture} label=${t("factor.picture")} size="220" />
    <p class="row tight"><code>${begun.secret}</code><${Copy} text=${begun.secret} /></p>
    <${CodeField} value=${code} onInput=${setCode} error=${problem?.at("/code")} />`}</${FormDialog}>`;
}

function Prove({ title, text, path, onClose, onDone }) {
  const [code, setCode] = useState("");
  const submit = async () => {
    const { data } = await post(path, { code });
    onDone(data);
    return false;
  };
  return html`<${FormDialog} title=${title} action=${title} submit=${submit} onClose=${onClose}>${(problem) => html`
    <p>${text}</p><${CodeField} value=${code} onInput=${setCode} error=${problem?.at("/code")} />`}</${FormDialog}>`;
}

// onChange: it was set up or removed.
export function SecondFactor({ onChange = () => {} }) {
  const state = useResource(PATH, { kinds: ["operator"] });
  const [asked, setAsked] = useState(null);
  const [codes, setCodes] = useState(null);
  const close = () => {
    setAsked(null);
    setCodes(null);
    state.reload();
    onChange();
  };
  const own = state.data;
  return html`<${Card} title=${t("factor")} actions=${own && (own.since
      ? html`<${Button} onClick=${() => setAsked("codes")}>${t("factor.renew")}</${Button}>
        ${!own.required && html`<${Button} kind="danger" onClick=${() => setAsked("remove")}>${t("factor.remove")}</${Button}>`}`
      : html`<${Button} kind="primary" onClick=${() => setAsked("set_up")}>${t("factor.set_up")}</${Button}>`)}>
    ${state.error && html`<${Failure} problem=${state.error} retry=${state.reload} />`}
    ${!own && !state.error && html`<${Skeleton} lines=${2} />`}
    ${own && (own.since
      ? html`<p><${Chip} tone="ok">${t("factor.on")}</${Chip}> <${Ago} at=${own.since} /></p><p class="muted">${t("factor.left", { n: own.recovery_codes })}</p>`
      : html`<p>${t(own.required ? "factor.required" : "factor.off")}</p>`)}
  </${Card}>
  ${asked === "set_up" && html`<${SetUp} onClose=${close} />`}
  ${asked === "codes" && !codes && html`<${Prove} title=${t("factor.renew")} text=${t("factor.renew.text")} path=${`${PATH}/recovery-codes`}
    onClose=${close} onDone=${(data) => setCodes(data.recovery_codes)} />`}
  ${codes && html`<${Codes} codes=${codes} onClose=${close} />`}
  ${asked === "remove" && html`<${Prove} title=${t("factor.remove")} text=${t("factor.remove.text")} path=${`${PATH}/remove`}
    onClose=${close} onDone=${close} />`}`;
}
