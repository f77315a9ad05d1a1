// alerts.js - what someone should look at; an alert that repeats counts, it does not multiply

import { html } from "../dom.js";
import { useList } from "../api.js";
import { SelectField } from "../components/field.js";
import { Only } from "../components/only.js";
import { PageHead } from "../components/page.js";
import { Empty } from "../components/states.js";
import { ListTable } from "../components/table.js";
import { Ago, Segmented, Status } from "../components/ui.js";
import { number } from "../format.js";
import { useQuery } from "../router.js";
import { cureOf, wordsOf } from "../said.js";
import { whoAmI } from "../session.js";
import { t, word } from "../text.js";
import { Acts, Said } from "./alerts/acts.js";
import { Channels } from "./alerts/channels.js";

const nameOf = (subject) => subject.split("/").slice(1).join("/") || subject;

const columns = (change, reload) => [
  { key: "severity", title: t("severity"), width: "96px", cell: (row) => html`<${Status} kind="severity" value=${row.severity} />` },
  { key: "what", title: t("alert"), lead: true, cell: (row) => html`<a class="row-link" href=${`/alerts/${row.id}`}>${word("alert", row.kind)}</a>
    ${row.words && html`<span class="sub seen">${wordsOf(row)}</span>`}<span class="sub">${cureOf(row)}</span>` },
  { key: "subject", title: t("subject"), width: "112px", from: "desk", cell: (row) => html`<button type="button" class="link" title=${t("alerts.about", { subject: row.subject })}
    onClick=${() => change({ subject: row.subject })}>${nameOf(row.subject)}</button>` },
  { key: "state", title: t("alert.state"), width: "104px", whole: true, cell: (row) => html`${word("alert_state", row.state)}<${Said} row=${row} />` },
  { key: "count", title: t("count"), end: true, width: "64px", from: "desk", cell: (row) => number(row.count) },
  { key: "last", title: t("last_seen"), end: true, width: "100px", cell: (row) => html`<${Ago} at=${row.last_at} />
    ${row.count > 1 && html`<span class="sub">${t("alert.since")} <${Ago} at=${row.first_at} /></span>`}` },
  { key: "act", title: "", end: true, width: "max(196px, 40vw - 320px)", cell: (row) => html`<${Acts} row=${row} onDone=${reload} />` },
];

// What the page shows: by the word in its address.
const SHOWN = { "": "open", hand: "current", all: "" };
const SEVERITIES = ["critical", "warning", "info"];

export function Alerts() {
  const [query, change] = useQuery();
  const show = query.show in SHOWN ? query.show : "";
  const { kind, subject, severity, mine } = query;
  const list = useList("/alerts", { query: { state: SHOWN[show], kind, subject, severity, assigned_to: mine && whoAmI().id }, kinds: ["alert"] });
  const kinds = [...new Set([...(list.items || []).map((row) => row.kind), kind].filter(Boolean))];
  const narrowed = kind || subject || severity || mine;
  return html`<${PageHead} title=${t("nav.alerts")} at=${list.at}>
      <${Segmented} label=${t("show")} value=${show} options=${[["", t("alerts.only_open")], ["hand", t("alerts.current")], ["all", t("all")]]}
        onChange=${(value) => change({ show: value })} /></${PageHead}>
    <section class="card flush">
      <div class="toolbar">
        <${SelectField} label=${t("severity")} value=${severity || ""} onInput=${(value) => change({ severity: value })}
          options=${[["", t("any")], ...SEVERITIES.map((value) => [value, word("severity", value)])]} />
        <${SelectField} label=${t("alert")} value=${kind || ""} onInput=${(value) => change({ kind: value })}
          options=${[["", t("any")], ...kinds.map((value) => [value, word("alert", value)])]} />
        <label class="row tight"><input type="checkbox" checked=${Boolean(mine)} onChange=${(event) => change({ mine: event.target.checked ? "1" : "" })} />
          ${t("alerts.mine")}</label>
        <${Only} parts=${[["subject", t("subject"), subject]]} change=${change} />
      </div>
      <${ListTable} list=${list} columns=${columns(change, list.reload)} label=${t("nav.alerts")} skeleton=${4}
      empty=${html`<${Empty} icon="check" title=${t(narrowed ? "alerts.no_such" : show === "all" ? "alerts.never" : "alerts.none")} />`} /></section>
    <${Channels} />`;
}
