// fleet.js - every robot at a glance: how many are well, which are not, what today costs

import { html, useEffect, useMemo, useState } from "../dom.js";
import { useResource } from "../api.js";
import { attemptsBehind, dayOf } from "../components/behind.js";
import { TroubleName } from "../components/trouble.js";
import { FilterField } from "../components/filter.js";
import { Icon } from "../components/icons.js";
import { PageHead } from "../components/page.js";
import { Generation, robotState } from "../components/robotstate.js";
import { Empty } from "../components/states.js";
import { Ago, Button, Changing, Chip, IconButton, Money, Segmented, Status } from "../components/ui.js";
import { usePages, VirtualTable } from "../components/virtual.js";
import { useWaiting } from "../components/waiting.js";
import { digitsFor, NONE, number } from "../format.js";
import { useQuery } from "../router.js";
import { may } from "../session.js";
import { bring, t } from "../text.js";
import { ClaimDialog } from "./claim.js";
import { Jobs } from "./fleet/jobs.js";
import { Parts } from "./fleet/parts.js";
import { Views } from "./fleet/views.js";

const STATES = ["", "online", "offline", "silent", "behind", "revoked"];

function Count({ label, value, tone, href, title }) {
  const inner = html`<span class="count-label">${label}</span>
    <span class="count-value ${tone || ""}" title=${title}>${value}</span>`;
  return href ? html`<a class="count-cell" href=${href}>${inner}</a>` : html`<div class="count-cell">${inner}</div>`;
}

function Spend({ rows }) {
  if (!rows?.length) return number(0);
  return rows.map(({ currency, price }, i) => html`${i > 0 && " + "}<${Money} key=${currency}
    value=${price} currency=${currency} digits=${Math.min(4, digitsFor([price]))} />`);
}

function Counts({ state }) {
  const fleet = state.data;
  const blank = state.error ? NONE : html`<i class="bone"></i>`; // the list below says what failed
  const shown = (value) => (fleet ? html`<${Changing} value=${Number(value())} />` : blank);
  const warn = (value, tone) => (fleet && value() > 0 ? tone : "");
  return html`<div class="counts" aria-busy=${!fleet}>
    <${Count} label=${t("fleet.total")} value=${shown(() => fleet.total)} href="/fleet" />
    <${Count} label=${t("state.online")} value=${shown(() => fleet.online)} href="/fleet?state=online" />
    <${Count} label=${t("state.offline")} value=${shown(() => fleet.offline)} href="/fleet?state=offline" />
    <${Count} label=${t("state.silent")} value=${shown(() => fleet.silent)} href="/fleet?state=silent"
      tone=${warn(() => fleet.silent, "bad")} />
    <${Count} label=${t("state.behind")} value=${shown(() => fleet.behind)} href="/fleet?state=behind"
      tone=${warn(() => fleet.behind, "warn")} />
    <${Count} label=${t("fleet.attempts")} value=${shown(() => fleet.usage_today.attempts)} href="/usage" />
    <${Count} label=${t("fleet.spend")} href="/usage"
      value=${fleet ? html`<${Spend} rows=${fleet.usage_today.by_currency} />` : blank} />
    <${Count} label=${t("fleet.alerts")} value=${shown(() => fleet.open_alerts)} href="/alerts"
      tone=${warn(() => fleet.open_alerts, "bad")} />
  </div>`;
}

function Route({ route }) {
  if (!route) return html`<span class="muted">${t("route.none")}</span>`;
  if (typeof route === "string") return route;
  return html`<span title=${t("route.contract", { contract: route.contract })}>${route.vendor}
    <span class="muted"> / ${route.model}</span></span>`;
}

// The first group, and how many more.
function Groups({ ids }) {
  if (ids.length === 0) return NONE;
  const all = ids.join(", ");
  return html`<${Chip} title=${all}>${ids[0]}</${Chip}>${ids.length > 1 && html`<${Chip} title=${all}>+${ids.length - 1}</${Chip}>`}`;
}

// picks: {has(id), toggle(id)}; null for who may not do anything to many.
const columns = (digits, picks) => [
  { key: "robot", title: t("robot"), lead: true, width: "13%", cell: (robot) => html`
    ${picks && html`<input type="checkbox" class="pick" aria-label=${t("bulk.pick", { robot: robot.name || robot.id })} checked=${picks.has(robot.id)}
      onChange=${() => picks.toggle(robot.id)} />`}<a class="row-link" href="/robots/${robot.id}">${robot.name || robot.id}</a>
    ${robot.name && html`<span class="sub">${robot.id}</span>`}` },
  { key: "state", title: t("state"), corner: true, width: "clamp(124px, 50vw - 600px, 260px)", cell: (robot) => html`
    <${Status} value=${robotState(robot)} />
    ${robot.online && robot.trouble && html`<span class="sub"><${TroubleName} code=${robot.trouble.code} /></span>`}` },
  { key: "region", title: t("region"), width: "72px", from: "wide", cell: (robot) => robot.region || NONE },
  { key: "groups", title: t("group"), width: "10%", from: "mid", cell: (robot) => html`<${Groups} ids=${robot.groups || []} />` },
  { key: "version", title: t("version"), width: "14%", from: "wide", cell: (robot) => html`
    <span title=${robot.software}>${robot.software || NONE}</span>` },
  { key: "generation", title: t("generation"), end: true, width: "102px", from: "desk", cell: (robot) => html`
    <${Generation} robot=${robot} />` },
  { key: "route", title: t("route"), from: "desk", cell: (robot) => html`<${Route} route=${robot.route} />` },
  { key: "attempts", title: t("attempts.today"), end: true, width: "80px", cell: (robot) => html`
    <${Today} robot=${robot}><${Changing} value=${robot.attempts_today} /></${Today}>` },
  { key: "cost", title: t("cost.today"), end: true, width: "104px", cell: (robot) => html`
    <${CostToday} robot=${robot} digits=${digits} />` },
  { key: "seen", title: t("last_seen"), end: true, width: "92px", cell: (robot) => html`
    <${Ago} at=${robot.last_seen} none=${t("never")} />` },
];

function CostToday({ robot, digits }) {
  const sums = robot.cost_today || [];
  if (sums.length === 0) return html`<span class="muted">\u2013</span>`;
  return sums.map(({ currency, price }) => html`<${Today} key=${currency} robot=${robot} currency=${currency}><${Money} value=${price} currency=${currency} digits=${digits} /></${Today}>`);
}

// A number of a robot's day, which is UTC's, opens its attempts; none opens nothing.
function Today({ robot, currency, children }) {
  if (robot.attempts_today === 0) return children;
  return html`<a href=${attemptsBehind({ device: robot.id, from: dayOf(Date.now(), "UTC"), zone: "UTC", currency })}>${children}</a>`;
}

function Search({ value, onChange }) {
  const [text, setText] = useState(value);
  useEffect(() => setText(value), [value]);
  useEffect(() => {
    if (text === value) return undefined;
    const timer = setTimeout(() => onChange(text), 250);
    return () => clearTimeout(timer);
  }, [text]);
  return html`<label class="search"><${Icon} name="search" /><span class="unseen">${t("fleet.search")}</span>
    <input class="input" type="search" placeholder=${t("fleet.search")} value=${text}
      onInput=${(event) => setText(event.target.value)} /></label>`;
}

function Filters({ query, change, groups, open, onFilter, onBulk, chosen, onNone }) {
  const states = STATES.map((state) => [state, state ? t(`state.${state}`) : t("all")]);
  return html`<div class="toolbar" role="search">
    <${Search} value=${query.q || ""} onChange=${(q) => change({ q })} />
    <${Segmented} label=${t("state")} value=${query.state || ""} options=${states}
      onChange=${(state) => change({ state })} />
    <label class="select-label"><span class="unseen">${t("group")}</span>
      <select class="input" value=${query.group || ""} onChange=${(event) => change({ group: event.target.value })}>
        <option value="">${t("fleet.all_groups")}</option>
        ${groups.map(({ id, devices }) => html`<option key=${id} value=${id}
          selected=${id === query.group}>${id} (${number(devices)})</option>`)}
      </select></label>
    <${Button} icon="config" kind="quiet" aria-expanded=${open} onClick=${onFilter}>${t("filter")}</${Button}>
    ${onBulk && html`<${Button} kind=${chosen > 0 ? "primary" : "quiet"} onClick=${onBulk}>${chosen > 0 ? t("bulk.chosen", { n: chosen }) : t("bulk")}</${Button}>`}
    ${chosen > 0 && html`<${IconButton} icon="close" label=${t("bulk.none")} onClick=${onNone} />`}
  </div>`;
}

// The list follows what can be read; what cannot is told below the line, and the list stays.
function FilterLine({ query, change }) {
  const [text, setText] = useState(query.filter || "");
  useEffect(() => setText(query.filter || ""), [query.filter]);
  return html`<div class="toolbar filter-line"><${FilterField} value=${text} use="list" hint=${t("filter.hint")} onInput=${setText}
    onGood=${(filter) => filter !== (query.filter || "") && change({ filter })} /></div>`;
}

function NoRobots({ filtered, onReset, onAdd }) {
  if (filtered) {
    return html`<${Empty} title=${t("fleet.no_match")}>
      <${Button} onClick=${onReset}>${t("fleet.reset")}</${Button}></${Empty}>`;
  }
  return html`<${Empty} icon="fleet" title=${t("fleet.empty")}><p class="muted">${t(may("operator") ? "fleet.empty.how" : "fleet.empty.ask")}</p>
    ${may("operator") && html`<${Button} kind="primary" icon="plus" onClick=${onAdd}>${t("claim.add")}</${Button}>`}
  </${Empty}>`;
}

const pageOf = (robot) => `/robots/${robot.id}`;

export function Fleet() {
  const [query, change] = useQuery();
  const [adding, setAdding] = useState(false);
  const fleet = useResource("/fleet", { kinds: ["device", "usage", "alert", "group"], gap_ms: 2000 });
  const waiting = useWaiting();
  const { state, group, q, filter } = query;
  const [filtering, setFiltering] = useState(Boolean(filter));
  const [bulk, setBulk] = useState(null); // the dialog about many robots, with what tells refusals, is asked for when it is wanted
  const act = (job) => Promise.all([import("./fleet/bulk.js"), bring("config")]).then(([{ BulkDialog }]) => setBulk({ BulkDialog, job }));
  const [chosen, setChosen] = useState([]); // ids, of this list alone
  const asked = { state, group, q, filter };
  const pages = usePages("/devices", { query: asked, kinds: ["device", "usage", "group", "layer"], gap_ms: 2000 });
  const first = pages.rows(0, 100).flatMap(([, robot]) => robot?.cost_today || []);
  const digits = digitsFor(first.map(({ price }) => price));
  const picks = { has: (id) => chosen.includes(id), toggle: (id) => setChosen((ids) => (ids.includes(id) ? ids.filter((other) => other !== id) : [...ids, id])) };
  const shown = useMemo(() => columns(digits, may("support") ? picks : null), [digits, chosen]);
  useEffect(() => setChosen([]), [state, group, q, filter]);
  const filtered = Boolean(state || group || q || filter);

  return html`
    <${PageHead} title=${t("nav.fleet")} at=${fleet.data?.as_of}>
      <a class="button" href="/claims">${t("claims")}</a>
      <a class="button" href="/pairings">${t("pairings")}${waiting > 0 && html` <b class="count" aria-label=${t("pairings.wait", { n: waiting })}>${waiting}</b>`}</a>
      ${may("operator") && html`<${Button} icon="plus" onClick=${() => setAdding(true)}>${t("claim.add")}</${Button}>`}
    </${PageHead}>
    <${Counts} state=${fleet} />
    <${Parts} />
    <section class="card flush" aria-label=${t("fleet.robots")}>
      <${Filters} query=${query} change=${change} groups=${fleet.data?.groups || []} open=${filtering}
        onFilter=${() => setFiltering(!filtering)} onBulk=${may("support") && (() => act(null))} chosen=${chosen.length} onNone=${() => setChosen([])} />
      <${Views} query=${query} change=${change} />
      <${Jobs} onOpen=${act} />
      ${(filtering || filter) && html`<${FilterLine} query=${query} change=${change} />`}
      <${VirtualTable} pages=${pages} columns=${shown} total=${filtered ? undefined : fleet.data?.total} label=${t("fleet.robots")} skeleton=${12} rowHref=${pageOf} noun="fleet.shown"
        empty=${html`<${NoRobots} filtered=${filtered} onAdd=${() => setAdding(true)}
          onReset=${() => change({ state: "", group: "", q: "", filter: "" })} />`} />
    </section>
    ${bulk && html`<${bulk.BulkDialog} query=${asked} chosen=${chosen} job=${bulk.job} onBegun=${act} onClose=${() => setBulk(null)} />`}
    ${adding && html`<${ClaimDialog} groups=${fleet.data?.groups || []} onClose=${() => setAdding(false)} />`}`;
}
