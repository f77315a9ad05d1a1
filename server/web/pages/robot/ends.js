// ends.js - how a robot's time here is broken off, ended, or handed on: the questions before each

import { html, useState } from "../../dom.js";
import { post } from "../../api.js";
import { Confirm, FormDialog, TypedConfirm } from "../../components/dialog.js";
import { TextField } from "../../components/field.js";
import { attempt } from "../../components/toast.js";
import { t } from "../../text.js";

// What each is called; told: the member of its order that the operator writes, and what it is.
const VERBS = {
  revoke: { action: "revoke", title: "revoke.title", text: "revoke.text", done: "revoke.done", ask: Final },
  retire: { action: "retire", title: "retire.title", text: "retire.text", done: "retire.done", ask: Final },
  quarantine: {
    action: "quarantine", title: "quarantine.title", text: "quarantine.text", done: "quarantine.done",
    ask: Told, told: ["reason", "quarantine.reason"],
  },
  release: { action: "release", title: "release.title", text: "release.text", done: "release.done", ask: Plain },
  swap: {
    action: "swap", title: "swap.title", text: "swap.text", done: "swap.done", ask: Told, told: ["by", "swap.by"],
  },
  transfers: {
    action: "transfer", title: "transfer.title", text: "transfer.text", done: "transfer.done", ask: Told,
    told: ["name", "transfer.name"],
  },
};

function Plain({ verb, title, send, onClose }) {
  return html`<${Confirm} title=${title} text=${t(verb.text)} action=${t(verb.action)} submit=${() => send({})}
    onClose=${onClose} />`;
}

// What cannot be undone: the operator types the robot's id.
function Final({ verb, robot, title, send, onClose }) {
  return html`<${TypedConfirm} title=${title} text=${t(verb.text)} phrase=${robot.id} action=${t(verb.action)}
    submit=${() => send({})} onClose=${onClose} />`;
}

function Told({ verb, title, send, onClose }) {
  const [value, setValue] = useState("");
  const [member, label] = verb.told;
  return html`<${FormDialog} title=${title} action=${t(verb.action)} ready=${value.trim() !== ""}
      submit=${() => send({ [member]: value.trim() })} onClose=${onClose}>${(problem) => html`
    <p>${t(verb.text)}</p>
    <${TextField} label=${t(label)} value=${value} onInput=${setValue} error=${problem?.at(`/${member}`)}
      autocomplete="off" spellcheck="false" autofocus />`}
  </${FormDialog}>`;
}

// asked: one of VERBS; nothing for another word.
export function Ends({ asked, robot, reload, onClose }) {
  const verb = VERBS[asked];
  if (!verb) return null;
  const send = async (order) => {
    await post(`/devices/${robot.id}/${asked}`, order);
    attempt(reload, t(verb.done));
  };
  return html`<${verb.ask} verb=${verb} robot=${robot} title=${t(verb.title, { name: robot.name || robot.id })} send=${send}
    onClose=${onClose} />`;
}
