// app.js - starts the dashboard: session, shell, and the page that the address names

import { html, render, useEffect, useState } from "./dom.js";
import { useResource } from "./api.js";
import { Icon } from "./components/icons.js";
import { PageHead } from "./components/page.js";
import { Empty, Failure, Skeleton } from "./components/states.js";
import { Toasts } from "./components/toast.js";
import { Button, IconButton, LanguageSwitch } from "./components/ui.js";
import { useWaiting } from "./components/waiting.js";
import { SignIn } from "./pages/signin.js";
import { match, navigate, startRouter, usePath } from "./router.js";
import { isAdmin, signOut, startSession, may } from "./session.js";
import { bring, locale, t, word } from "./text.js";

// A page's module, and the areas of texts that it and all it is made of ask for: they are here first.
const page = (load, ...areas) => () => bring(...areas).then(load);

const modules = {
  access: page(() => import("./pages/access.js"), "access"),
  alert: page(() => import("./pages/alert.js"), "alerts", "audit"),
  alerts: page(() => import("./pages/alerts.js"), "alerts"),
  attempts: page(() => import("./pages/attempts.js"), "usage"),
  audit: page(() => import("./pages/audit.js"), "audit"),
  budget: page(() => import("./pages/budget.js"), "config", "money"),
  claims: page(() => import("./pages/claims.js"), "claims", "fleet"),
  config: page(() => import("./pages/config.js"), "config"),
  contract: page(() => import("./pages/contract.js"), "contracts", "money"),
  contractEdit: page(() => import("./pages/contractedit.js"), "contracts", "money"),
  contracts: page(() => import("./pages/contracts.js"), "contracts", "money"),
  statement: page(() => import("./pages/statement.js"), "contracts", "money"),
  active: page(() => import("./pages/contract/active.js"), "contracts", "money"),
  pool: page(() => import("./pages/pool.js"), "money"),
  invoice: page(() => import("./pages/invoice.js"), "contracts", "money"),
  fleet: page(() => import("./pages/fleet.js"), "fleet", "trouble"),
  newRollout: page(() => import("./pages/newrollout.js"), "config", "money", "rollouts", "wizard"),
  pairings: page(() => import("./pages/pairings.js"), "claims"),
  privacy: page(() => import("./pages/privacy.js"), "audit"),
  pack: page(() => import("./pages/vendor/pack.js"), "contracts", "money", "usage", "vendors"),
  robot: page(() => import("./pages/robot.js"), "alerts", "config", "money", "robot", "support", "trouble", "usage"),
  rollout: page(() => import("./pages/rollout.js"), "config", "money", "rollouts"),
  rollouts: page(() => import("./pages/rollouts.js"), "config", "rollouts"),
  support: page(() => import("./pages/support.js"), "support", "trouble"),
  usage: page(() => import("./pages/usage.js"), "money", "usage"),
  vendor: page(() => import("./pages/vendor.js"), "money", "trouble", "vendors"),
  vendors: page(() => import("./pages/vendors.js"), "money", "vendors"),
  whatif: page(() => import("./pages/whatif.js"), "contracts", "money", "whatif"),
  you: page(() => import("./pages/you.js"), "access"),
};

// What an own role needs for the entry to be of use; else the entry's own name.
const AREAS = { fleet: "devices", support: "doctor", config: "layers" };

// A page's module comes when it is first asked for: load answers it, show names its component in
// there. nav: the entry of the menu that is lit; role: who sees that entry.
const PAGES = [
  { path: "/fleet", load: modules.fleet, show: "Fleet", nav: "fleet", top: true },
  { path: "/robots/:id", load: modules.robot, show: "Robot", nav: "fleet" },
  { path: "/pairings", load: modules.pairings, show: "Pairings", nav: "fleet" },
  { path: "/claims", load: modules.claims, show: "Claims", nav: "fleet" },
  { path: "/support", load: modules.support, show: "Support", nav: "support", top: true },
  { path: "/usage", load: modules.usage, show: "Usage", nav: "usage", top: true },
  { path: "/attempts", load: modules.attempts, show: "Attempts", nav: "usage" },
  { path: "/whatif", load: modules.whatif, show: "WhatIf", nav: "whatif", top: true },
  { path: "/rollouts", load: modules.rollouts, show: "Rollouts", nav: "rollouts", top: true },
  { path: "/rollouts/new", load: modules.newRollout, show: "NewRollout", nav: "rollouts" },
  { path: "/rollouts/:id", load: modules.rollout, show: "Rollout", nav: "rollouts" },
  { path: "/config", load: modules.config, show: "Config", nav: "config", top: true },
  { path: "/config/:kind/:id", load: modules.config, show: "Config", nav: "config" },
  { path: "/contracts", load: modules.contracts, show: "Contracts", nav: "contracts", top: true },
  { path: "/contracts/new", load: modules.contractEdit, show: "ContractNew", nav: "contracts" },
  { path: "/contracts/:id/edit", load: modules.contractEdit, show: "ContractEdit", nav: "contracts" },
  { path: "/contracts/:id/statements/:month", load: modules.statement, show: "Statement", nav: "contracts" },
  { path: "/contracts/:id/active", load: modules.active, show: "ActiveRobots", nav: "contracts" },
  { path: "/contracts/:id", load: modules.contract, show: "Contract", nav: "contracts" },
  { path: "/invoices/:id", load: modules.invoice, show: "Invoice", nav: "contracts" },
  { path: "/pools/:id", load: modules.pool, show: "Pool", nav: "contracts" },
  { path: "/budgets/:id", load: modules.budget, show: "Budget", nav: "contracts" },
  { path: "/vendors", load: modules.vendors, show: "Vendors", nav: "vendors", top: true },
  { path: "/vendors/:id/pack", load: modules.pack, show: "Pack", nav: "vendors" },
  { path: "/vendors/:id", load: modules.vendor, show: "Vendor", nav: "vendors" },
  { path: "/alerts", load: modules.alerts, show: "Alerts", nav: "alerts", top: true },
  { path: "/alerts/:id", load: modules.alert, show: "Alert", nav: "alerts" },
  { path: "/audit", load: modules.audit, show: "Audit", nav: "audit", top: true, role: "operator" },
  { path: "/privacy", load: modules.privacy, show: "Privacy", nav: "privacy" },
  { path: "/access", load: modules.access, show: "Access", nav: "access", top: true, role: "admin" },
  { path: "/you", load: modules.you, show: "You" },
];

// The component of a page, once its module is here; kept, so that it is drawn at once from then on.
const loaded = new Map();

async function fetchPage({ load, show }) {
  if (!loaded.has(load)) loaded.set(load, await load());
  return loaded.get(load)[show];
}

// What is under the pointer or the focus is probably opened next. Its failure is told when it is.
function early(entry) {
  fetchPage(entry).catch(() => {});
}

function LazyPage({ entry, params }) {
  const [failed, setFailed] = useState(false);
  const [, redraw] = useState(0);
  useEffect(() => {
    fetchPage(entry).then(() => redraw(1), () => setFailed(true));
  }, []);
  const Page = loaded.get(entry.load)?.[entry.show];
  if (Page) return html`<${Page} ...${params} />`;
  // a module that failed once is not asked for again in the life of a document
  if (failed) return html`<${Failure} problem=${{ status: 0, message: t("problem.page") }} retry=${() => location.reload()} />`;
  return html`<${Skeleton} lines=${8} />`;
}

const REFERENCE = "/api/v1/reference";

function Menu({ lit, open }) {
  const fleet = useResource("/fleet", { kinds: ["alert"], gap_ms: 2000 });
  const counts = { fleet: [useWaiting(), "pairings.wait"], alerts: [fleet.data?.open_alerts ?? 0, "alerts.open"] };
  const entries = PAGES.filter((entry) => entry.top && (entry.role === "admin" ? isAdmin() : may(entry.role || "viewer", AREAS[entry.nav] ?? entry.nav)));
  return html`<nav class="menu ${open ? "open" : ""}" id="menu" aria-label=${t("nav")}>
    ${entries.map(({ path, nav, ...entry }) => html`<a key=${nav} href=${path}
        onPointerEnter=${() => early(entry)} onFocus=${() => early(entry)}
        aria-current=${nav === lit ? "page" : undefined}>
      <${Icon} name=${nav} /><span>${t(`nav.${nav}`)}</span>
      ${counts[nav]?.[0] > 0 && html`<b class="count" aria-label=${t(counts[nav][1], { n: counts[nav][0] })}>${counts[nav][0]}</b>`}
    </a>`)}
    ${may("viewer", "retention") && html`<a class="foot" href="/privacy" aria-current=${lit === "privacy" ? "page" : undefined}><${Icon} name="shield" /><span>${t("nav.privacy")}</span></a>`}
    <a href=${REFERENCE} target="_blank" rel="noopener"><${Icon} name="contracts" /><span>${t("nav.reference")}</span></a>
  </nav>`;
}

function Who({ me }) {
  return html`<div class="who">
    <div><a href="/you"><b>${me.id}</b></a><span class="muted">${word("role", me.role)}</span></div>
    <${IconButton} icon="leave" label=${t("sign_out")} onClick=${signOut} />
    <${LanguageSwitch} />
  </div>`;
}

function Brand() {
  return html`<img src="/favicon.svg" alt="" width="26" height="26" /><span>${t("product")}</span>`;
}

function Missing() {
  return html`<${PageHead} title=${t("missing.title")} />
    <${Empty} title=${t("missing.text")}><a href="/fleet">${t("nav.fleet")}</a></${Empty}>`;
}

function Shell({ me }) {
  const path = usePath();
  const [open, setOpen] = useState(false);
  const found = match(PAGES, path);
  useEffect(() => setOpen(false), [path]);
  useEffect(() => {
    if (path === "/") navigate("/fleet", { replace: true });
  }, [path]);

  return html`<a class="skip" href="#main">${t("skip")}</a>
    <div class="side">
      <a class="brand" href="/fleet"><${Brand} /></a>
      <${Button} kind="quiet menu-button" icon="menu" aria-expanded=${open} aria-controls="menu"
        onClick=${() => setOpen(!open)}>${t("menu")}</${Button}>
      <${Menu} lit=${found?.nav} open=${open} />
      <${Who} me=${me} />
    </div>
    <main id="main" tabindex="-1">
      ${found ? html`<${LazyPage} key=${path} entry=${found} params=${found.params} />` : path !== "/" && html`<${Missing} />`}
    </main>
    <${Toasts} />`;
}

function App() {
  const [state, setState] = useState({ me: undefined, problem: null });
  const start = () => startSession((me) => setState({ me, problem: null }))
    .catch((problem) => setState({ me: undefined, problem }));
  useEffect(start, []);

  if (state.problem) return html`<main class="alone"><${Failure} problem=${state.problem} retry=${start} /></main>`;
  if (state.me === undefined) return html`<main class="alone"><p class="brand"><${Brand} /></p></main>`; // as index.html has it
  if (!state.me) return html`<${SignIn} />`;
  return state.me.must_enrol ? html`<${LazyPage} entry=${{ load: modules.you, show: "MustEnrol" }} params=${{}} />` : html`<${Shell} me=${state.me} />`;
}

document.documentElement.lang = locale;
early(match(PAGES, location.pathname) ?? PAGES[0]); // while the server is asked who we are
startRouter();
render(html`<${App} />`, document.getElementById("app"));
