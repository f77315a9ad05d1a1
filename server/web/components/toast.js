// toast.js - short news at the corner of the screen, also for screen readers

import { html, useEffect, useState } from "../dom.js";
import { t } from "../text.js";
import { Icon } from "./icons.js";
import { IconButton } from "./ui.js";

const SHOWN_MS = 6000;
const KEPT = 3;

let show = () => {};

// tone: "ok" or "bad".
export function toast(text, tone = "ok") {
  show({ text, tone, id: Date.now() + Math.random() });
}

// Runs an action of the page; its failure becomes news. Answers whether it went well.
export async function attempt(action, done) {
  try {
    await action();
    if (done) toast(done);
    return true;
  } catch (problem) {
    toast(problem.message, "bad");
    return false;
  }
}

export function Toasts() {
  const [items, setItems] = useState([]);
  const drop = (id) => setItems((old) => old.filter((item) => item.id !== id));
  useEffect(() => {
    show = (item) => {
      setItems((old) => [...old, item].slice(-KEPT));
      setTimeout(() => drop(item.id), SHOWN_MS);
    };
  }, []);
  return html`<div class="toasts" role="status" aria-live="polite">
    ${items.map((item) => html`<div class="toast ${item.tone}" key=${item.id}>
      <${Icon} name=${item.tone === "ok" ? "check" : "warn"} /><span>${item.text}</span>
      <${IconButton} icon="close" label=${t("close")} onClick=${() => drop(item.id)} />
    </div>`)}</div>`;
}
