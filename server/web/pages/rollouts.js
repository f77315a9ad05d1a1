// rollouts.js - changes on their way through the fleet, the newest first

import { html } from "../dom.js";
import { useList } from "../api.js";
import { PageHead } from "../components/page.js";
import { settingName } from "../components/setting.js";
import { Empty } from "../components/states.js";
import { ListTable } from "../components/table.js";
import { Ago, Segmented } from "../components/ui.js";
import { Place, WaveBar } from "../components/waves.js";
import { number, person, timeExact } from "../format.js";
import { useQuery } from "../router.js";
import { may } from "../session.js";
import { t } from "../text.js";
import { Calendar } from "./rollout/calendar.js";

const LEAST_SHARE = 1 / 12; // of a bar's width: a wave of five robots is seen beside one of thousands

function Waves({ row }) {
  if (row.waves.length === 0) return html`<span class="muted">${t("rollout.unplanned")}</span>`;
  return html`<div class="waves">${row.waves.map((wave) => html`<div key=${wave.wave}
    style=${{ flexGrow: Math.max(wave.members ?? wave.planned, (row.members ?? 0) * LEAST_SHARE) }}><${WaveBar} counts=${wave.counts} /></div>`)}</div>`;
}

const what = (row) => row.name || Object.keys(row.patch ?? {}).map(settingName).join(", ");
const target = (row) => row.filter || (row.group ? t("layer.group", { id: row.group }) : t("layer.fleet"));

const COLUMNS = [
  { key: "id", title: t("rollout"), lead: true, width: "22%", cell: (row) => html`<a class="row-link" href="/rollouts/${row.id}">${row.id}</a>
    <span class="sub">${what(row)}</span>` },
  { key: "state", title: t("rollout.state"), width: "168px", cell: (row) => html`<${Place} row=${row} />
    ${row.held && html`<span class="sub">${t("rollouts.held", { at: timeExact(row.held.until) })}</span>`}` },
  { key: "target", title: t("rollout.target"), from: "desk", width: "16%", cell: (row) => html`<span class="clip" title=${target(row)}>${target(row)}</span>` },
  { key: "waves", title: t("rollout.waves"), cell: (row) => html`<${Waves} row=${row} />` },
  { key: "members", title: t("fleet.robots"), end: true, width: "80px", cell: (row) => (row.members > 0 ? html`<a href="/rollouts/${row.id}#robots">${number(row.members)}</a>` : number(row.members)) },
  { key: "author", title: t("rollout.author"), from: "mid", width: "120px", cell: (row) => html`<span class="clip" title=${row.author}>${person(row.author)}</span>` },
  { key: "since", title: t("since"), end: true, width: "96px", cell: (row) => html`<${Ago} at=${row.since} />` },
];

const SHOWN = { "": "", active: "active", draft: "draft" };

function None({ filtered }) {
  if (filtered) return html`<${Empty} icon="rollouts" title=${t("rollouts.none.here")} />`;
  return html`<${Empty} icon="rollouts" title=${t("rollouts.none")}><p class="muted">${t("rollouts.none.how")}</p>
    ${may("operator") && html`<a class="button primary" href="/rollouts/new">${t("rollout.new")}</a>`}</${Empty}>`;
}

export function Rollouts() {
  const [query, change] = useQuery();
  const show = query.show in SHOWN ? query.show : "";
  const list = useList("/rollouts", { query: { state: SHOWN[show] }, kinds: ["rollout"], limit: 50 });
  return html`<${PageHead} title=${t("nav.rollouts")} at=${list.at}>
      <${Segmented} label=${t("show")} value=${show} onChange=${(value) => change({ show: value })}
        options=${[["", t("all")], ["active", t("rollouts.active")], ["draft", t("rollouts.drafts")]]} />
      ${may("operator") && html`<a class="button primary" href="/rollouts/new">${t("rollout.new")}</a>`}</${PageHead}>
    <section class="card flush"><${ListTable} list=${list} columns=${COLUMNS} label=${t("nav.rollouts")} skeleton=${4}
      rowHref=${(row) => `/rollouts/${row.id}`} empty=${html`<${None} filtered=${show !== ""} />`} /></section>
    ${may("viewer", "blackouts") && html`<${Calendar} />`}`;
}
