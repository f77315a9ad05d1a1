// field.js - a labelled control with its hint and its complaint, tied together for screen readers

import { html, useId } from "../dom.js";
import { t } from "../text.js";

// control(attributes) draws the input with the given id and aria attributes.
export function Field({ label, hint, error, children: control, inline = false }) {
  const id = useId();
  const described = [hint && `${id}-hint`, error && `${id}-error`].filter(Boolean).join(" ");
  const attributes = {
    id,
    "aria-describedby": described || undefined,
    "aria-invalid": error ? "true" : undefined,
  };
  return html`<div class="field ${error ? "invalid" : ""} ${inline ? "inline" : ""}">
    <label for=${id}>${label}</label>
    ${control(attributes)}
    ${hint && html`<p class="hint" id="${id}-hint">${hint}</p>`}
    ${error && html`<p class="error" id="${id}-error" role="alert">${error}</p>`}
  </div>`;
}

export function TextField({ label, hint, error, value, onInput, type = "text", ...rest }) {
  return html`<${Field} label=${label} hint=${hint} error=${error}>${(attributes) => html`
    <input type=${type} class="input" value=${value} ...${attributes} ...${rest}
      onInput=${(event) => onInput(event.target.value)} />`}</${Field}>`;
}

// options: [[value, text]...]
export function SelectField({ label, hint, error, value, options, onInput, ...rest }) {
  return html`<${Field} label=${label} hint=${hint} error=${error}>${(attributes) => html`
    <select class="input" value=${value} ...${attributes} ...${rest}
      onChange=${(event) => onInput(event.target.value)}>
      ${options.map(([option, text]) => html`<option key=${option} value=${option}
        selected=${option === value}>${text}</option>`)}
    </select>`}</${Field}>`;
}

// A code of an authenticator app.
export function CodeField({ value, onInput, error, label = t("factor.code"), hint }) {
  return html`<${TextField} label=${label} hint=${hint} value=${value} onInput=${onInput} error=${error} name="code"
    autocomplete="one-time-code" autocapitalize="none" spellcheck="false" required autofocus />`;
}
