// contractedit.js - a contract written: a new one, or the next version of one that there is
//
// The text is checked while it is typed, by the server's own dry run. What is typed is kept by the
// browser until it is saved, and a version that somebody else added meanwhile is shown, never
// written over.

import { html, useEffect, useMemo, useRef, useState } from "../dom.js";
import { Problem, request, useList, useResource } from "../api.js";
import { Field, SelectField } from "../components/field.js";
import { PageHead } from "../components/page.js";
import { Failure, Loaded, Skeleton } from "../components/states.js";
import { toast } from "../components/toast.js";
import { Ago, Button, Card, Chip } from "../components/ui.js";
import { navigate, useQuery } from "../router.js";
import { may } from "../session.js";
import { t } from "../text.js";
import { Fault, readDocument, writeDocument } from "./contract/document.js";
import { keepDraft, keptDraft } from "./contract/draft.js";
import { Paper } from "./contract/paper.js";
import { fromTemplate, TEMPLATES } from "./contract/templates.js";
import { compare, memberName } from "./contract/terms.js";

const WAIT_MS = 400; // after the last letter
const DAY_MS = 86400000;

// The instant at which a day begins in a zone.
function midnightIn(day, zone) {
  const wanted = Date.parse(`${day}T00:00:00Z`);
  const clock = new Intl.DateTimeFormat("en-CA-u-hc-h23", { timeZone: zone, year: "numeric", month: "2-digit", day: "2-digit", hour: "2-digit", minute: "2-digit", second: "2-digit" });
  const shown = (at) => {
    const part = Object.fromEntries(clock.formatToParts(at).map(({ type, value }) => [type, value]));
    return Date.UTC(part.year, part.month - 1, part.day, part.hour, part.minute, part.second);
  };
  let at = wanted;
  for (let i = 0; i < 3; i++) at += wanted - shown(at);
  return new Date(at).toISOString();
}

const dayOf = (at, zone) => new Intl.DateTimeFormat("en-CA", { timeZone: zone, year: "numeric", month: "2-digit", day: "2-digit" }).format(at);

// A problem's errors as faults of the text; what names no place of it is told of the whole.
function faultsOf(problem, read, root) {
  return (problem.errors.length ? problem.errors : [{ pointer: "", detail: problem.message }]).map(({ pointer, detail }) => {
    const inside = pointer.startsWith(root) ? pointer.slice(root.length) : "";
    return { ...read.placeOf(inside), field: inside.slice(1), message: detail };
  });
}

// Reads the text and asks the server about it: {state: "wrong" | "checking" | "good" | "stale" |
// "unknown", faults, document: what was good last}.
function useCheck(text, order) {
  const [found, setFound] = useState({ state: "checking", faults: [] });
  useEffect(() => {
    const abort = new AbortController();
    const tell = (state, more = {}) => setFound((old) => ({ state, faults: [], document: old.document, ...more }));
    let read;
    try {
      read = readDocument(text);
    } catch (fault) {
      if (!(fault instanceof Fault)) throw fault;
      tell("wrong", { faults: [{ ...fault, message: fault.message, field: "" }] });
      return undefined;
    }
    setFound((old) => ({ ...old, state: "checking" }));
    const timer = setTimeout(async () => {
      const { path, body, root, etag } = order(read.value);
      try {
        await request("POST", path, { query: { dry_run: true }, body, etag, signal: abort.signal, once: false });
        tell("good", { document: read.value });
      } catch (problem) {
        if (problem.name === "AbortError") return;
        if (problem.status === 412) tell("stale");
        else if (problem.status === 0 || problem.status >= 500) tell("unknown", { problem });
        else if (problem.errors.some(({ pointer }) => pointer === "/effective_from")) tell("wrong", { from: problem.at("/effective_from") });
        else tell("wrong", { faults: faultsOf(problem, read, root) });
      }
    }, WAIT_MS);
    return () => {
      clearTimeout(timer);
      abort.abort();
    };
  }, [text, order]);
  return found;
}

const CHECKED = { good: "ok", wrong: "bad", stale: "warn", unknown: "warn", checking: "" };

function Verdict({ found }) {
  return html`<span role="status"><${Chip} tone=${CHECKED[found.state]}>${t(`edit.${found.state}`, { n: found.faults.length })}</${Chip}>
    ${found.problem && html` <span class="muted">${found.problem.message}</span>`}</span>`;
}

// What a document says otherwise than another, its amendments day by day.
function changesOf(older, newer) {
  const amended = (document) => new Map((document.amendments || []).map((amendment) => [amendment.effective_from, amendment]));
  const [was, is] = [amended(older), amended(newer)];
  const later = [...new Set([...was.keys(), ...is.keys()])].sort().flatMap((day) => compare(was.get(day) || {}, is.get(day) || {})
    .map((row) => ({ ...row, key: `${day} ${row.key}`, day })));
  return [...compare(older, newer), ...later].filter((row) => row.change);
}

function Changes({ older, newer }) {
  const rows = changesOf(older, newer);
  if (rows.length === 0) return html`<p class="muted">${t("edit.no_change")}</p>`;
  return html`<dl class="diffs">${rows.map((row) => html`<div key=${row.key}><dt>${[row.day, t(`terms.${row.section}`), row.entry, memberName(row.member)].filter(Boolean).join(" \u00b7 ")}</dt>
    <dd class="changes">${row.old !== undefined && html`<del>${row.old}</del>`}${row.now !== undefined && html`<ins>${row.now}</ins>`}</dd></div>`)}</dl>`;
}

function Strip({ tone = "", children, ...rest }) {
  return html`<div class="notice ${tone} row spread" role="status" ...${rest}>${children}</div>`;
}

// start: the text to begin with; shared by both pages. id: of the draft.
function useDraft(id, start, base) {
  const kept = useMemo(() => {
    const draft = keptDraft(id);
    return draft && draft.text !== start ? draft : null;
  }, [id]);
  const [draft, setDraft] = useState({ text: kept?.text ?? start, day: kept?.day ?? "", base: kept?.base ?? base, restored: kept?.at ?? null });
  const change = (changes) => setDraft((old) => {
    const next = { ...old, ...changes };
    keepDraft(id, next.text === start && !next.day ? null : { text: next.text, day: next.day, base: next.base, at: Date.now() });
    return next;
  });
  const startOver = (text = start) => {
    keepDraft(id, null);
    setDraft({ text, day: "", base, restored: null });
  };
  return [draft, change, startOver];
}

function Restored({ draft, startOver, change }) {
  if (!draft.restored) return null;
  return html`<${Strip}><span>${t("edit.restored")} <${Ago} at=${draft.restored} /></span>
    <span class="row"><${Button} onClick=${() => change({ restored: null })}>${t("edit.go_on")}</${Button}>
      <${Button} onClick=${() => startOver()}>${t("edit.start_over")}</${Button}></span></${Strip}>`;
}

// A version that came while this was written: what it changed, and the way on.
function Overtaken({ contract, base, change }) {
  const newest = contract.versions[0];
  if (base === newest.version) return null;
  const mine = contract.versions.find(({ version }) => version === base) || contract.versions.at(-1);
  return html`<${Strip} tone="warn"><div class="grow">
      <b>${t("edit.overtaken", { who: newest.created_by.replace(/^operator:/, ""), n: newest.version })}</b>
      <p>${t("edit.overtaken.kept")}</p>
      <details><summary>${t("edit.overtaken.what")}</summary><${Changes} older=${mine.document} newer=${newest.document} /></details>
    </div><${Button} onClick=${() => change({ base: newest.version })}>${t("edit.overtaken.on")}</${Button}></${Strip}>`;
}

function When({ draft, change, zone, error }) {
  const today = dayOf(Date.now(), zone);
  return html`<div class="pair"><${SelectField} label=${t("edit.from")} value=${draft.day ? "day" : "now"} options=${[["now", t("edit.from.now")], ["day", t("edit.from.day")]]}
      error=${error} onInput=${(value) => change({ day: value === "now" ? "" : dayOf(Date.now() + DAY_MS, zone) })} />
    ${draft.day && html`<${Field} label=${t("edit.day", { zone })}>${(attributes) => html`<input type="date" class="input" value=${draft.day} min=${today} ...${attributes}
      onInput=${(event) => event.target.value && change({ day: event.target.value })} />`}</${Field}>`}</div>`;
}

// The text, its faults, and the deeds below it.
function Sheet({ draft, change, found, action, save, older, children }) {
  const [busy, setBusy] = useState(false);
  const [problem, setProblem] = useState(null);
  const submit = async () => {
    setBusy(true);
    setProblem(null);
    try {
      await save(found.document);
    } catch (error) {
      setProblem(error);
    }
    setBusy(false);
  };
  const isSame = older && found.document && changesOf(older, found.document).length === 0;
  return html`<${Card} title=${t("contract.document")} actions=${html`<${Verdict} found=${found} />`}>
    <p class="hint">${t("edit.hint")}</p>
    <${Paper} label=${t("contract.document")} value=${draft.text} faults=${found.faults} onInput=${(text) => change({ text, restored: null })} />
    ${children}
    ${problem && html`<p class="error" role="alert">${problem.message}</p>`}
    <div class="row end save-bar"><${Button} kind="primary" busy=${busy} disabled=${found.state !== "good" || isSame} onClick=${submit}>${action}</${Button}></div></${Card}>
    ${older && found.document && found.state !== "wrong" && html`<${Card} title=${t("edit.changes")}><${Changes} older=${older} newer=${found.document} /></${Card}>`}`;
}

function Editor({ contract }) {
  const newest = contract.versions[0];
  const [first] = useState(newest); // what was on the screen when writing began
  const start = useMemo(() => writeDocument(first.document), [first]);
  const [draft, change, startOver] = useDraft(contract.id, start, first.version);
  const orderOf = useRef(null);
  orderOf.current = (document) => ({ effective_from: draft.day ? midnightIn(draft.day, contract.zone) : new Date().toISOString(), document });
  const order = useMemo(() => (document) => ({ path: `/contracts/${contract.id}/versions`, body: orderOf.current(document), root: "/document", etag: `"${draft.base}"` }),
    [contract.id, draft.base, draft.day, newest.version]);
  const found = useCheck(draft.text, order);
  const base = contract.versions.find(({ version }) => version === draft.base) || newest;
  const save = async (document) => {
    const { path, body, etag } = order(document);
    const { data } = await request("POST", path, { body, etag });
    keepDraft(contract.id, null);
    toast(t("edit.saved", { n: data.versions[0].version }));
    navigate(`/contracts/${contract.id}`);
  };
  return html`<${Restored} draft=${draft} startOver=${startOver} change=${change} />
    <${Overtaken} contract=${contract} base=${draft.base} change=${change} />
    <${Sheet} draft=${draft} change=${change} found=${found} action=${t("edit.add_version")} save=${save} older=${base.document}>
      <${When} draft=${draft} change=${change} zone=${contract.zone} error=${found.from} /></${Sheet}>`;
}

function Forbidden() {
  return html`<section class="card"><${Failure} problem=${new Problem(403, { detail: t("edit.forbidden") })} /></section>`;
}

export function ContractEdit({ id }) {
  const state = useResource(`/contracts/${id}`, { kinds: ["contract"] });
  return html`<${PageHead} title=${t("edit.title", { id })} crumbs=${[[t("nav.contracts"), "/contracts"], [id, `/contracts/${id}`]]} />
    ${may("operator") ? html`<${Loaded} state=${state} lines=${12}>${(contract) => html`<${Editor} key=${id} contract=${contract} />`}</${Loaded}>` : html`<${Forbidden} />`}`;
}

// ---- a new one ----

function NewSheet({ start, vendor, draftId = "new" }) {
  const [draft, change, startOver] = useDraft(draftId, start, 0);
  const order = useMemo(() => (document) => ({ path: "/contracts", body: document, root: "" }), []);
  const found = useCheck(draft.text, order);
  const [undo, setUndo] = useState(null);
  const save = async (document) => {
    await request("POST", "/contracts", { body: document });
    keepDraft(draftId, null);
    toast(t("edit.made", { id: document.contract }));
    navigate(`/contracts/${document.contract}`);
  };
  const begin = (name) => {
    setUndo(draft.text);
    change({ text: writeDocument(fromTemplate(name, vendor)), restored: null });
  };
  return html`<${Restored} draft=${draft} startOver=${startOver} change=${change} />
    <${Card} title=${t("new.template")}><div class="row">${TEMPLATES.map((name) => html`<${Button} key=${name} onClick=${() => begin(name)}>${t(`template.${name}`)}</${Button}>`)}
      ${undo !== null && html`<${Button} kind="quiet" onClick=${() => { change({ text: undo }); setUndo(null); }}>${t("new.undo")}</${Button}>`}</div>
      <p class="hint">${t("new.template.hint")}</p></${Card}>
    <${Sheet} draft=${draft} change=${change} found=${found} action=${t("new.make")} save=${save} />`;
}

function Copied({ from, vendor }) {
  const state = useResource(`/contracts/${from}`);
  return html`<${Loaded} state=${state} lines=${12}>${(contract) => html`<${NewSheet} vendor=${vendor} draftId=${`new:${from}`}
    start=${writeDocument({ ...contract.versions[0].document, contract: `${contract.id}-copy`.slice(0, 48) })} />`}</${Loaded}>`;
}

export function ContractNew() {
  const [query] = useQuery();
  const vendors = useList("/vendors");
  const vendor = vendors.items?.[0]?.id;
  let sheet = html`<${Skeleton} lines=${12} />`;
  if (query.from) sheet = html`<${Copied} from=${query.from} vendor=${vendor} />`;
  else if (vendors.items || vendors.error) sheet = html`<${NewSheet} vendor=${vendor} start=${writeDocument(fromTemplate("fee", vendor))} />`;
  return html`<${PageHead} title=${t("new.title")} crumbs=${[[t("nav.contracts"), "/contracts"]]} />
    ${may("operator") ? sheet : html`<${Forbidden} />`}`;
}
