// channeledit.js - a channel made, changed and removed; its address and secret go in and never come out

import { html, useState } from "../../dom.js";
import { patch, post, remove } from "../../api.js";
import { FormDialog, TypedConfirm } from "../../components/dialog.js";
import { Field, SelectField, TextField } from "../../components/field.js";
import { Copy } from "../../components/ui.js";
import { t, word } from "../../text.js";

const KINDS = ["webhook", "email", "dingtalk", "feishu", "wecom", "slack"];
const SEVERITIES = ["info", "warning", "critical"];

// What a kind asks for beside its address; wecom and slack have their secret in that.
const SECRET = { webhook: "channel.secret", dingtalk: "channel.secret", feishu: "channel.secret", email: "channel.password" };
const SCHEME = { email: "smtps://" };

// What signs must not be guessed; whoever receives the messages needs the same.
function freshSecret() {
  const bytes = crypto.getRandomValues(new Uint8Array(24));
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
}

const BLANK = { id: "", kind: "webhook", min_severity: "warning", enabled: true, login: "", from: "", to: [] };

// Recipients as people type them: by line, comma or blank.
const addresses = (text) => text.split(/[\s,;]+/).filter(Boolean);

// What the API takes: members that a kind does not have, and secrets that stay, are left out.
function order(form) {
  const isMail = form.kind === "email";
  return {
    min_severity: form.min_severity, enabled: form.enabled,
    ...(form.url && { url: form.url.trim() }),
    ...(form.secret && SECRET[form.kind] && { secret: form.secret }),
    ...(isMail && { login: form.login.trim(), from: form.from.trim(), to: addresses(form.recipients) }),
  };
}

function Mail({ field, problem }) {
  const { value, onInput } = field("recipients");
  return html`<${TextField} label=${t("channel.from")} type="email" placeholder="myna@example.com" error=${problem?.at("/from")} ...${field("from")} />
    <${Field} label=${t("channel.to")} hint=${t("channel.to.hint")} error=${problem?.at("/to")}>${(attributes) => html`
      <textarea class="input" rows="2" spellcheck="false" value=${value} ...${attributes} onInput=${(event) => onInput(event.target.value)}></textarea>`}</${Field}>
    <${TextField} label=${t("channel.login")} hint=${t("channel.login.hint")} error=${problem?.at("/login")} ...${field("login")} />`;
}

function Secret({ channel, form, field, problem }) {
  const label = SECRET[form.kind];
  if (!label) return null;
  const hint = channel?.has_secret ? t("channel.secret.kept") : t(`channel.secret.${form.kind}`);
  return html`<${TextField} label=${t(label)} hint=${hint} error=${problem?.at("/secret")} autocomplete="new-password"
      type=${form.kind === "webhook" && form.secret ? "text" : "password"} ...${field("secret")} />
    ${form.kind === "webhook" && form.secret && html`<p class="row end"><${Copy} text=${form.secret} label=${t("channel.secret.copy")} /></p>`}`;
}

// channel: what is changed; none for a new one.
export function ChannelDialog({ channel, onClose }) {
  const [form, setForm] = useState(() => ({ ...BLANK, ...channel, url: "", secret: channel ? "" : freshSecret(), recipients: (channel?.to || []).join("\n") }));
  const set = (name) => (value) => setForm((old) => ({ ...old, [name]: value }));
  const field = (name) => ({ value: form[name], onInput: set(name), autocomplete: "off", spellcheck: "false" });
  const chooseKind = (kind) => setForm((old) => ({ ...old, kind, secret: kind === "webhook" ? freshSecret() : "" }));
  const submit = () => (channel ? patch(`/channels/${channel.id}`, order(form), `"${channel.version}"`)
    : post("/channels", { ...order(form), id: form.id, kind: form.kind }));

  return html`<${FormDialog} title=${channel ? t("channel.edit", { id: channel.id }) : t("channel.add")} action=${t("save")}
      submit=${submit} onClose=${onClose} ready=${Boolean(channel || (form.id && form.url))}>${(problem) => html`
    ${!channel && html`<${TextField} label=${t("name")} hint=${t("slug.hint")} error=${problem?.at("/id")} ...${field("id")} autofocus />
      <${SelectField} label=${t("channel.kind")} value=${form.kind} onInput=${chooseKind} error=${problem?.at("/kind")}
        options=${KINDS.map((kind) => [kind, word("channel_kind", kind)])} />`}
    <${TextField} label=${t(form.kind === "email" ? "channel.server" : "channel.url")} type="url" placeholder=${SCHEME[form.kind] || "https://"}
      hint=${channel ? t("channel.url.kept", { origin: channel.origin }) : t(`channel.url.${form.kind}`)} error=${problem?.at("/url")} ...${field("url")} />
    ${form.kind === "email" && html`<${Mail} field=${field} problem=${problem} />`}
    <${Secret} channel=${channel} form=${form} field=${field} problem=${problem} />
    <${SelectField} label=${t("channel.alerts_from")} hint=${t("channel.least.hint")} value=${form.min_severity} onInput=${set("min_severity")}
      options=${SEVERITIES.map((severity) => [severity, word("severity", severity)])} error=${problem?.at("/min_severity")} />
    <label class="row tight"><input type="checkbox" checked=${form.enabled} onChange=${(event) => set("enabled")(event.target.checked)} />
      ${t("channel.enabled")}</label>`}
  </${FormDialog}>`;
}

export function DropChannel({ channel, onClose }) {
  return html`<${TypedConfirm} title=${t("channel.drop", { id: channel.id })} text=${t("channel.drop.text")} phrase=${channel.id}
    action=${t("remove")} submit=${() => remove(`/channels/${channel.id}`, `"${channel.version}"`)} onClose=${onClose} />`;
}
