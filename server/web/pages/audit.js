// audit.js - who changed what, in a chain that shows tampering

import { html, useEffect, useRef, useState } from "../dom.js";
import { get, Problem, useList } from "../api.js";
import { pageOf } from "../components/behind.js";
import { Change } from "../components/changes.js";
import { SelectField, TextField } from "../components/field.js";
import { Icon } from "../components/icons.js";
import { Only } from "../components/only.js";
import { PageHead } from "../components/page.js";
import { Empty, Failure } from "../components/states.js";
import { ListTable } from "../components/table.js";
import { Ago, Button } from "../components/ui.js";
import { number } from "../format.js";
import { useQuery } from "../router.js";
import { may } from "../session.js";
import { locale, t, word, words } from "../text.js";

const PART = 1000; // rows that are verified or saved in one go

const columns = (change) => {
  const narrow = (name, value, text = value) => html`<button type="button" class="link" onClick=${() => change({ [name]: value })}>${text}</button>
    ${pageOf(value) && html` <a href=${pageOf(value)} aria-label=${t("audit.open", { subject: value })} title=${t("audit.open", { subject: value })}><${Icon} name="next" size=${12} /></a>`}`;
  return [
    { key: "seq", title: "#", end: true, width: "64px", from: "mid", cell: (row) => number(row.seq) },
    { key: "at", title: t("when"), corner: true, width: "100px", cell: (row) => html`<${Ago} at=${row.at} />` },
    { key: "actor", title: t("actor"), width: "18%", cell: (row) => html`${narrow("actor", row.actor)}${row.source && html`<span class="sub">${row.source}</span>`}` },
    { key: "action", title: t("action"), lead: true, width: "18%", cell: (row) => html`${narrow("action", row.action, html`<b>${word("audited", row.action)}</b>`)}<code class="sub">${row.action}</code>` },
    { key: "subject", title: t("subject"), width: "20%", cell: (row) => narrow("subject", row.subject) },
    { key: "change", title: t("change"), whole: true, cell: (row) => html`<${Change} before=${row.before} after=${row.after} />` },
  ];
};

// In parts, so that it is seen how far it is; leaving the page ends it.
function Verify() {
  const [result, setResult] = useState(null); // {rows, head} while it runs; then ok or first_bad or problem
  const [busy, setBusy] = useState(false);
  const gone = useRef(false);
  useEffect(() => () => {
    gone.current = true;
  }, []);
  const verify = async () => {
    setBusy(true);
    let rows = 0;
    let part = { next: 0, ok: true };
    try {
      while (part.ok && part.next !== null && !gone.current) {
        part = (await get("/audit/verify", { after: part.next || "", limit: PART })).data;
        rows += part.rows;
        setResult({ rows, head: part.head, done: !part.ok || part.next === null, bad: part.ok ? null : part.first_bad });
      }
    } catch (problem) {
      setResult({ problem });
    }
    setBusy(false);
  };
  return html`<span role="status">${result && html`<${Verdict} ...${result} />`}</span>
    <${Button} icon="shield" busy=${busy} onClick=${verify}>${t("audit.verify")}</${Button}>`;
}

function Verdict({ rows, head, done, bad, problem }) {
  if (problem) return html`<span class="tone-bad">${problem.message}</span>`;
  if (!done) return html`<progress max=${head} value=${rows} aria-label=${t("audit.verify")}></progress> ${t("audit.so_far", { n: number(rows), of: number(head) })}`;
  if (bad !== null) return html`<span class="tone-bad">${t("audit.broken", { seq: bad })}</span>`;
  return html`<span class="tone-ok row tight"><${Icon} name="check" />${t("audit.intact", { n: number(rows) })}</span>`;
}

function offer(parts) {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(new Blob(parts, { type: "application/jsonl" }));
  link.download = "audit.jsonl";
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 10000);
}

// All rows that the filters let through, a JSON object in each line, as a file. Each part is handed to
// the browser as it comes, which may put it on its disk: there is no end at which rows would be missing.
// Leaving the page ends it; what the server refuses on the way leaves no half file.
function Save({ query }) {
  const [state, setState] = useState({}); // {n} while it is read; {problem}
  const gone = useRef(false);
  useEffect(() => () => {
    gone.current = true;
  }, []);
  const save = async () => {
    const parts = [];
    let after = "";
    let n = 0;
    setState({ n });
    try {
      while (after !== null && !gone.current) {
        const { data } = await get("/audit", { ...query, after, limit: PART });
        parts.push(new Blob(data.items.map((item) => `${JSON.stringify(item)}\n`)));
        n += data.items.length;
        after = data.next;
        setState({ n });
      }
      if (!gone.current) offer(parts);
      setState({});
    } catch (problem) {
      setState({ problem });
    }
  };
  const isBusy = state.n !== undefined;
  return html`<span role="status">${isBusy && t("audit.saving", { n: number(state.n) })}${state.problem && html`<span class="tone-bad">${state.problem.message}</span>`}</span>
    <${Button} icon="down" busy=${isBusy} onClick=${save}>${t("audit.save")}</${Button}>`;
}

// What can be changed, as the first word of an action; one action when the address names one.
function actionOptions(action) {
  const areas = words("audit_action").map((name) => [name, word("audit_action", name)]).sort(([, a], [, b]) => a.localeCompare(b, locale));
  const one = action?.includes(".") ? [[action, word("audited", action)]] : [];
  return [["", t("any")], ...one, ...areas];
}

const instant = (day, days) => (day ? new Date(new Date(`${day}T00:00`).getTime() + days * 86400000).toISOString() : "");

export function Audit() {
  return may("operator", "audit") ? html`<${Rows} />` : html`<${PageHead} title=${t("nav.audit")} />
    <section class="card"><${Failure} problem=${new Problem(403, { detail: t("audit.operator") })} /></section>`;
}

function Rows() {
  const [{ subject, actor, action, from, to }, change] = useQuery();
  const query = { subject, actor, action, from: instant(from, 0), until: instant(to, 1) };
  const list = useList("/audit", { query, kinds: ["audit", "layer", "group", "device", "rollout", "bundle"], gap_ms: 5000, limit: 50 });
  return html`<${PageHead} title=${t("nav.audit")} at=${list.at}><a class="button" href="/privacy">${t("privacy")}</a><${Save} query=${query} /><${Verify} /></${PageHead}>
    <section class="card flush">
      <div class="toolbar">
        <${SelectField} label=${t("action")} value=${action || ""} onInput=${(value) => change({ action: value })} options=${actionOptions(action)} />
        <${TextField} label=${t("audit.from")} type="date" value=${from || ""} max=${to} onInput=${(value) => change({ from: value })} />
        <${TextField} label=${t("audit.to")} type="date" value=${to || ""} min=${from} onInput=${(value) => change({ to: value })} />
        <${Only} parts=${[["actor", t("actor"), actor], ["subject", t("subject"), subject]]} change=${change} />
      </div>
      <${ListTable} list=${list} columns=${columns(change)} label=${t("nav.audit")} rowKey=${(row) => row.seq}
        empty=${html`<${Empty} icon="audit" title=${t("list.empty")} />`} /></section>`;
}
