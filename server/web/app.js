// app.js - starts the dashboard: session, shell, and the page that the address names

import { html, render, useEffect, useState } from "./dom.js";
import { useResource } from "./api.js";
import { Icon } from "./components/icons.js";
import { PageHead } from "./components/page.js";
import { Empty, Failure } from "./components/states.js";
import { Toasts } from "./components/toast.js";
import { Button, IconButton, LanguageSwitch } from "./components/ui.js";
import { Access } from "./pages/access.js";
import { Alerts } from "./pages/alerts.js";
import { Audit } from "./pages/audit.js";
import { Config } from "./pages/config.js";
import { Contract, Contracts } from "./pages/contracts.js";
import { Fleet } from "./pages/fleet.js";
import { NewRollout } from "./pages/newrollout.js";
import { Robot } from "./pages/robot.js";
import { Rollout } from "./pages/rollout.js";
import { Rollouts } from "./pages/rollouts.js";
import { SignIn } from "./pages/signin.js";
import { Support } from "./pages/support.js";
import { Usage } from "./pages/usage.js";
import { Vendors } from "./pages/vendors.js";
import { match, navigate, startRouter, usePath } from "./router.js";
import { signOut, startSession, may } from "./session.js";
import { locale, t, word } from "./text.js";

// nav: the entry of the menu that is lit; role: who sees that entry.
const PAGES = [
  { path: "/fleet", page: Fleet, nav: "fleet", top: true },
  { path: "/robots/:id", page: Robot, nav: "fleet" },
  { path: "/support", page: Support, nav: "support", top: true },
  { path: "/usage", page: Usage, nav: "usage", top: true },
  { path: "/rollouts", page: Rollouts, nav: "rollouts", top: true },
  { path: "/rollouts/new", page: NewRollout, nav: "rollouts" },
  { path: "/rollouts/:id", page: Rollout, nav: "rollouts" },
  { path: "/config", page: Config, nav: "config", top: true },
  { path: "/config/:kind/:id", page: Config, nav: "config" },
  { path: "/contracts", page: Contracts, nav: "contracts", top: true },
  { path: "/contracts/:id", page: Contract, nav: "contracts" },
  { path: "/vendors", page: Vendors, nav: "vendors", top: true },
  { path: "/alerts", page: Alerts, nav: "alerts", top: true },
  { path: "/audit", page: Audit, nav: "audit", top: true },
  { path: "/access", page: Access, nav: "access", top: true, role: "admin" },
];

function Menu({ lit, open }) {
  const fleet = useResource("/fleet", { kinds: ["alert"], gap_ms: 2000 });
  const alerts = fleet.data?.open_alerts;
  const entries = PAGES.filter((entry) => entry.top && may(entry.role || "viewer"));
  return html`<nav class="menu ${open ? "open" : ""}" id="menu" aria-label=${t("nav")}>
    ${entries.map(({ path, nav }) => html`<a key=${nav} href=${path}
        aria-current=${nav === lit ? "page" : undefined}>
      <${Icon} name=${nav} /><span>${t(`nav.${nav}`)}</span>
      ${nav === "alerts" && alerts > 0 && html`<b class="count"
        aria-label=${t("alerts.open", { n: alerts })}>${alerts}</b>`}
    </a>`)}
  </nav>`;
}

function Who({ me }) {
  return html`<div class="who">
    <div><b>${me.id}</b><span class="muted">${word("role", me.role)}</span></div>
    <${IconButton} icon="leave" label=${t("sign_out")} onClick=${signOut} />
    <${LanguageSwitch} />
  </div>`;
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

  const Page = found?.page || Missing;
  return html`<a class="skip" href="#main">${t("skip")}</a>
    <div class="side">
      <a class="brand" href="/fleet"><img src="/favicon.svg" alt="" width="26" height="26" />
        <span>${t("product")}</span></a>
      <${Button} kind="quiet menu-button" icon="menu" aria-expanded=${open} aria-controls="menu"
        onClick=${() => setOpen(!open)}>${t("menu")}</${Button}>
      <${Menu} lit=${found?.nav} open=${open} />
      <${Who} me=${me} />
    </div>
    <main id="main" tabindex="-1">
      ${path !== "/" && html`<${Page} key=${found ? path : "missing"} ...${found?.params} />`}
    </main>
    <${Toasts} />`;
}

function App() {
  const [state, setState] = useState({ me: undefined, problem: null });
  const start = () => startSession((me) => setState({ me, problem: null }))
    .catch((problem) => setState({ me: undefined, problem }));
  useEffect(start, []);

  if (state.problem) return html`<main class="alone"><${Failure} problem=${state.problem} retry=${start} /></main>`;
  if (state.me === undefined) return null;
  return state.me ? html`<${Shell} me=${state.me} />` : html`<${SignIn} />`;
}

document.documentElement.lang = locale;
startRouter();
render(html`<${App} />`, document.getElementById("app"));
