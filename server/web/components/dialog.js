// dialog.js - modal questions on the browser's own dialog: focus stays inside, Escape closes

import { html, useEffect, useRef, useState } from "../dom.js";
import { t } from "../text.js";
import { TextField } from "./field.js";
import { Button, IconButton } from "./ui.js";

export function Dialog({ title, wide = false, onClose, children }) {
  const box = useRef(null);
  useEffect(() => {
    box.current.showModal();
  }, []);
  return html`<dialog ref=${box} class="dialog ${wide ? "wide" : ""}" aria-label=${title} onClose=${onClose}
      onClick=${(event) => event.target === box.current && onClose()}>
    <div class="dialog-body">
      <header><h2>${title}</h2><${IconButton} icon="close" label=${t("close")} onClick=${onClose} /></header>
      ${children}
    </div>
  </dialog>`;
}

// A form in a dialog. submit() is async; a Problem it throws shows above the buttons, and
// children(problem) may show its parts at their fields. It closes itself after success.
export function FormDialog({ title, wide, action, kind = "primary", submit, onClose, children, ready = true }) {
  const [busy, setBusy] = useState(false);
  const [problem, setProblem] = useState(null);
  const onSubmit = async (event) => {
    event.preventDefault();
    setBusy(true);
    setProblem(null);
    try {
      if ((await submit()) !== false) onClose();
    } catch (error) {
      setProblem(error);
    }
    setBusy(false);
  };
  return html`<${Dialog} title=${title} wide=${wide} onClose=${onClose}>
    <form onSubmit=${onSubmit} novalidate>
      ${children(problem)}
      ${problem && !problem.placed && html`<p class="error" role="alert">${problem.message}</p>`}
      <footer class="row end">
        <${Button} onClick=${onClose}>${t("cancel")}</${Button}>
        <${Button} kind=${kind} type="submit" busy=${busy} disabled=${!ready}>${action}</${Button}>
      </footer>
    </form>
  </${Dialog}>`;
}

// A plain question before something that disturbs.
export function Confirm({ title, text, action, submit, onClose }) {
  return html`<${FormDialog} title=${title} action=${action} submit=${submit} onClose=${onClose}>${() => html`
    <p>${text}</p>`}</${FormDialog}>`;
}

// For what cannot be undone: the button works once the operator has typed phrase.
export function TypedConfirm({ title, text, phrase, action, submit, onClose }) {
  const [typed, setTyped] = useState("");
  return html`<${FormDialog} title=${title} action=${action} kind="danger" submit=${submit}
      onClose=${onClose} ready=${typed === phrase}>${() => html`
    <p>${text}</p>
    <${TextField} label=${t("confirm.type", { phrase })} value=${typed} onInput=${setTyped}
      autocomplete="off" spellcheck="false" autofocus />`}
  </${FormDialog}>`;
}
