// commands.js - asking a robot to do something, and what became of it

import { html, useState } from "../../dom.js";
import { post, useList } from "../../api.js";
import { Field } from "../../components/field.js";
import { Failure, Skeleton } from "../../components/states.js";
import { attempt } from "../../components/toast.js";
import { Ago, Button, Card, Status } from "../../components/ui.js";
import { tell } from "../../said.js";
import { may } from "../../session.js";
import { t, word } from "../../text.js";

const SAY_BYTES = 500;

const ask = (id, kind, text) => post(`/devices/${id}/commands`, { kind, ...(text && { text }) });

// Asks; the list of commands tells what becomes of it, a toast only why it could not be asked.
export function command(id, kind, text) {
  return attempt(() => ask(id, kind, text));
}

// For pictures taken in a row, where the picture is the news.
export function commandQuietly(id, kind) {
  return ask(id, kind).catch(() => {});
}

function Say({ id }) {
  const [text, setText] = useState("");
  const [problem, setProblem] = useState(null);
  const [busy, setBusy] = useState(false);
  const tooLong = new TextEncoder().encode(text).length > SAY_BYTES;

  const submit = async (event) => {
    event.preventDefault();
    setBusy(true);
    setProblem(null);
    try {
      await ask(id, "say", text.trim());
      setText("");
    } catch (error) {
      setProblem(error);
    }
    setBusy(false);
  };
  const error = tooLong ? t("say.too_long", { max: SAY_BYTES }) : problem && (problem.at("/text") || problem.message);
  return html`<form class="say" onSubmit=${submit}>
    <${Field} label=${t("say")} hint=${t("say.hint")} error=${error}>${(attributes) => html`
      <div class="row"><input class="input grow" value=${text} ...${attributes} placeholder=${t("say.placeholder")}
        onInput=${(event) => setText(event.target.value)} />
      <${Button} kind="primary" icon="say" type="submit" busy=${busy} disabled=${!text.trim() || tooLong}>
        ${t("say.do")}</${Button}></div>`}</${Field}>
  </form>`;
}

function Row({ item }) {
  return html`<li><span class="grow"><b>${word("command", item.kind)}</b>
      ${item.text && html`<span class="muted clip said" title=${item.text}>${item.text}</span>`}
      ${item.reason && html`<span class="sub">${tell(item.reason)}</span>`}</span>
    <${Status} kind="command_status" value=${item.status} />
    <span class="muted when"><${Ago} at=${item.created_at} /></span></li>`;
}

export function Commands({ id, robot }) {
  const list = useList(`/devices/${id}/commands`, { kinds: ["command"], gap_ms: 300, limit: 6 });
  return html`<${Card} title=${t("commands")}>
    ${may("operator") && robot.status === "active" && html`<${Say} id=${id} />`}
    ${list.items === null && (list.error ? html`<${Failure} problem=${list.error} retry=${list.reload} />`
      : html`<${Skeleton} lines=${3} />`)}
    ${list.items && html`<ul class="commands" aria-label=${t("commands.last")}>
      ${list.items.slice(0, 6).map((item) => html`<${Row} key=${item.id} item=${item} />`)}
      ${list.items.length === 0 && html`<li class="muted">${t("commands.none")}</li>`}</ul>`}
  </${Card}>`;
}
