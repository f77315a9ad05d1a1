// imagine.js - a contract that is kept nowhere but in the page's address, checked while it is written

import { html, useEffect, useState } from "../../dom.js";
import { request } from "../../api.js";
import { Dialog } from "../../components/dialog.js";
import { Button, Chip } from "../../components/ui.js";
import { t } from "../../text.js";
import { Fault, readDocument, writeDocument } from "../contract/document.js";
import { Paper } from "../contract/paper.js";
import { fromTemplate, TEMPLATES } from "../contract/templates.js";

const WAIT_MS = 400; // after the last letter
const BUSY_MS = 1000; // the server makes one comparison at a time
const ROOT = "/contracts/0/document";

// The smallest question that makes the server read the document.
const trial = (document) => ({ contracts: [{ document }], devices: { from: 0, to: 0 }, profile: { per: "day", models: { m: { requests: 1 } } } });

async function check(document, signal) {
  try {
    await request("POST", "/whatif", { body: trial(document), signal, once: false });
  } catch (problem) {
    if (problem.status !== 503) throw problem;
    await new Promise((done) => setTimeout(done, BUSY_MS));
    signal.throwIfAborted(); // something else was typed meanwhile: what this was is neither good nor bad
    await check(document, signal);
  }
}

function useCheck(text) {
  const [found, setFound] = useState({ state: "checking", faults: [] });
  useEffect(() => {
    const abort = new AbortController();
    let read;
    try {
      read = readDocument(text);
    } catch (fault) {
      if (!(fault instanceof Fault)) throw fault;
      setFound({ state: "wrong", faults: [{ ...fault, message: fault.message, field: "" }] });
      return undefined;
    }
    setFound((old) => ({ ...old, state: "checking" }));
    const timer = setTimeout(() => check(read.value, abort.signal).then(
      () => setFound({ state: "good", faults: [], document: read.value }),
      (problem) => {
        if (problem.name === "AbortError") return;
        if (problem.errors.length === 0) return setFound({ state: "unknown", faults: [], problem });
        setFound({ state: "wrong", faults: problem.errors.map(({ pointer, detail }) => {
          const inside = pointer.startsWith(ROOT) ? pointer.slice(ROOT.length) : "";
          return { ...read.placeOf(inside), field: inside.slice(1), message: detail };
        }) });
      }), WAIT_MS);
    return () => {
      clearTimeout(timer);
      abort.abort();
    };
  }, [text]);
  return found;
}

const TONES = { good: "ok", wrong: "bad", unknown: "warn", checking: "" };

// document: to begin with; null: a template. done(document) takes it over.
export function Imagine({ document, done, onClose }) {
  const [text, setText] = useState(() => writeDocument(document ?? { ...fromTemplate("fee"), contract: "imagined" }));
  const found = useCheck(text);
  return html`<${Dialog} title=${t("whatif.imagine")} wide onClose=${onClose}>
    <p class="muted">${t("whatif.imagine.lead")}</p>
    <div class="row">${TEMPLATES.map((name) => html`<${Button} key=${name} onClick=${() => setText(writeDocument({ ...fromTemplate(name), contract: "imagined" }))}>${t(`template.${name}`)}</${Button}>`)}
      <span class="grow"></span><span role="status"><${Chip} tone=${TONES[found.state]}>${t(`edit.${found.state}`, { n: found.faults.length })}</${Chip}>
        ${found.problem && html` <span class="muted">${found.problem.message}</span>`}</span></div>
    <${Paper} label=${t("contract.document")} value=${text} faults=${found.faults} onInput=${setText} />
    <footer class="row end"><${Button} onClick=${onClose}>${t("cancel")}</${Button}>
      <${Button} kind="primary" disabled=${found.state !== "good"} onClick=${() => done(found.document)}>${t("whatif.imagine.do")}</${Button}></footer>
  </${Dialog}>`;
}
