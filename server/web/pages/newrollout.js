// newrollout.js - a new rollout in five steps: whom it is for, what it changes, in which waves, what holds
// it back, and a look at all of that, in money too, before anything is kept

import { html, useEffect, useRef, useState } from "../dom.js";
import { post, Problem } from "../api.js";
import { PageHead } from "../components/page.js";
import { Patch } from "../components/patch.js";
import { Preflight } from "../components/preflight.js";
import { useCatalogue } from "../components/setting.js";
import { readManifest, SoftwareFacts } from "../components/software.js";
import { Empty, Failure, Missed, Skeleton } from "../components/states.js";
import { toast } from "../components/toast.js";
import { Button, Card, Facts } from "../components/ui.js";
import { waveName } from "../components/waves.js";
import { number } from "../format.js";
import { navigate, useQuery } from "../router.js";
import { may } from "../session.js";
import { t } from "../text.js";
import { BLANK, isAskable, orderOf, stepOf, STEPS } from "./rollout/order.js";
import { PlanFacts } from "./rollout/plan.js";
import { Safety } from "./rollout/safety.js";
import { Change, Target, useLayer, Waves } from "./rollout/steps.js";

const KEPT = "myna.rollout.new"; // in this tab alone, so that a reload loses nothing
const PAUSE_MS = 400;

function kept() {
  try {
    return { ...BLANK, ...JSON.parse(sessionStorage.getItem(KEPT) || "{}") };
  } catch {
    return BLANK;
  }
}

// What is typed, and a change to some of it.
function useForm() {
  const [form, setForm] = useState(kept);
  useEffect(() => sessionStorage.setItem(KEPT, JSON.stringify(form)), [form]);
  const set = (change) => setForm((old) => ({ ...old, ...(typeof change === "function" ? change(old) : change) }));
  return [form, set, () => setForm(BLANK)];
}

// What the server makes of it, asked when typing pauses; the last good answer stays while a newer one
// is refused. whole: with pre-flight.
function usePreview(form, whole) {
  const [state, setState] = useState({ preview: null, problem: null, busy: false });
  const order = isAskable(form) ? JSON.stringify(orderOf({ ...form, id: form.id.trim() || "new" }, { dry_run: true, preflight: whole && form.what === "settings" })) : "";
  useEffect(() => {
    if (order === "") {
      setState({ preview: null, problem: null, busy: false });
      return undefined;
    }
    let current = true;
    setState((old) => ({ ...old, busy: true }));
    const timer = setTimeout(async () => {
      try {
        const { data } = await post("/rollouts", JSON.parse(order));
        if (current) setState({ preview: data, problem: null, busy: false });
      } catch (problem) {
        if (current) setState((old) => ({ ...old, problem, busy: false }));
      }
    }, PAUSE_MS);
    return () => {
      current = false;
      clearTimeout(timer);
    };
  }, [order]);
  return state;
}

function StepNav({ step, problem, go }) {
  const wrong = new Set((problem?.errors ?? []).map(({ pointer }) => stepOf(pointer)));
  return html`<nav aria-label=${t("wizard.steps")}><ol class="steps">${STEPS.map((name, i) => html`<li key=${name}>
    <button type="button" class="step ${wrong.has(name) ? "wrong" : ""}" aria-current=${name === step ? "step" : undefined} onClick=${() => go(name)}>
      <i aria-hidden="true">${number(i + 1)}</i>${t(`wizard.step.${name}`)}</button></li>`)}</ol></nav>`;
}

// What is wrong, and where it can be mended.
function Wrong({ problem, step, go }) {
  if (!problem) return null;
  const errors = problem.errors.length > 0 ? problem.errors : [{ detail: problem.message }];
  return html`<div class="to-mend" role="alert">${errors.map((error, i) => html`<p key=${i} class="error">
    ${error.pointer && html`<code>${error.pointer.replace(/^#?\//, "")}</code> `}${error.detail}
    ${error.pointer && stepOf(error.pointer) !== step && html` <${Button} kind="quiet" onClick=${() => go(stepOf(error.pointer))}>
      ${t("wizard.go", { step: t(`wizard.step.${stepOf(error.pointer)}`) })}</${Button}>`}</p>`)}</div>`;
}

function PlannedWaves({ preview }) {
  return html`<ul class="planned">${preview.waves.map((wave) => html`<li key=${wave.wave}><span>${waveName(wave)}</span>
    <span class="muted">${t("rollout.robots.n", { n: wave.planned, told: number(wave.planned) })}</span>
    <div class="wave-bar" aria-hidden="true"><i class=${wave.control ? "by-waiting" : "by-opened"}
      style=${{ width: `${(100 * wave.planned) / Math.max(1, preview.devices)}%` }}></i></div></li>`)}</ul>`;
}

function Carried({ form, layer, catalogue }) {
  if (form.what === "software") return html`<${SoftwareFacts} manifest=${readManifest(form.manifest).envelope} />`;
  if (form.what === "key") return html`<p>${t("rollout.key", { vendor: form.key })}</p>`;
  return html`<${Patch} patch=${form.patch} layer=${layer} catalogue=${catalogue} />`;
}

function Check({ form, state, catalogue }) {
  const layer = useLayer(form);
  const { preview } = state;
  if (!isAskable(form)) return html`<${Empty} icon="config" title=${t("wizard.check.nothing")} />`;
  if (!preview || !catalogue || !layer) return state.problem ? null : html`<${Skeleton} lines=${8} />`;
  const target = form.target === "fleet" ? t("layer.fleet") : form.target === "group" ? t("layer.group", { id: form.group }) : html`<code>${form.filter.trim()}</code>`;
  return html`<div class="groups-of"><section><h3>${t("rollout.target")}</h3><${Facts} items=${[
      [t("rollout.id"), form.id || html`<span class="tone-warn">${t("wizard.check.no_id")}</span>`],
      [t("rollout.target"), target], [t("fleet.robots"), t("wizard.check.robots", { n: number(preview.devices), online: number(preview.online) })],
      preview.busy > 0 && [t("wizard.check.busy"), html`<span class="tone-warn">${number(preview.busy)}</span>`],
      preview.approval && [t("wizard.check.approval"), t("wizard.check.approval.yes")],
    ]} /><h3>${t("rollout.change")}</h3><${Carried} form=${form} layer=${layer} catalogue=${catalogue} />
      <h3>${t("rollout.waves")}</h3><${PlannedWaves} preview=${preview} /></section>
    <section><h3>${t("rollout.plan")}</h3><${PlanFacts} plan=${preview.plan} /></section></div>
    ${preview.preflight && html`<h3>${t("preflight")}</h3><${Preflight} document=${preview.preflight} />`}`;
}

const VIEWS = { target: Target, change: Change, waves: Waves, safety: Safety, check: Check };

// Keeps it, and starts it when told to. When it is there but cannot start, its page says why.
async function save(form, start) {
  const order = orderOf(form, { start });
  try {
    const { data } = await post("/rollouts", order);
    return data.id;
  } catch (problem) {
    if (start && problem.status === 409 && problem.said.startsWith("the draft is there")) {
      toast(problem.message, "bad");
      return order.id;
    }
    throw problem;
  }
}

function Wizard() {
  const [query] = useQuery();
  const step = STEPS.includes(query.step) ? query.step : STEPS[0];
  const [form, set, clear] = useForm();
  const [catalogue, known] = useCatalogue();
  const state = usePreview(form, step === "check");
  const [failed, setFailed] = useState(null); // what the server said to the last try
  const [busy, setBusy] = useState("");
  const heading = useRef(null);
  const at = STEPS.indexOf(step);
  const problem = failed ?? state.problem;
  const View = VIEWS[step];

  useEffect(() => setFailed(null), [form]);
  const seen = useRef(step);
  useEffect(() => {
    if (seen.current !== step) heading.current.focus();
    seen.current = step;
  }, [step]);
  const go = (to) => navigate(`/rollouts/new?step=${to}`);
  const finish = async (start) => {
    setBusy(start ? "start" : "draft");
    try {
      const id = await save(form, start);
      clear();
      sessionStorage.removeItem(KEPT);
      navigate(`/rollouts/${id}`);
    } catch (error) {
      setFailed(error instanceof Problem ? error : new Problem(0, { detail: error.message }));
      setBusy("");
    }
  };
  const refused = state.preview?.preflight?.refused;
  return html`<${StepNav} step=${step} problem=${problem} go=${go} />
    <section class="card wizard" aria-labelledby="wizard-step">
      <h2 id="wizard-step" tabindex="-1" ref=${heading}>${t(`wizard.step.${step}`)}</h2>
      <${Missed} state=${known} what=${t("settings.known")} />
      <${View} form=${form} set=${set} problem=${problem} preview=${state.preview} state=${state} catalogue=${catalogue} />
      <${Wrong} problem=${problem} step=${step} go=${go} />
      <footer class="row spread save-bar">
        <span class="row">${at > 0 && html`<${Button} onClick=${() => go(STEPS[at - 1])}>${t("wizard.back")}</${Button}>`}
          ${step !== "check" && state.preview && html`<span class="muted">${t("wizard.reaches", { n: state.preview.devices, told: number(state.preview.devices) })}</span>`}</span>
        <span class="row">${step !== "check" ? html`<${Button} kind="primary" onClick=${() => go(STEPS[at + 1])}>${t("wizard.next")}</${Button}>`
          : html`${refused && html`<span class="tone-bad">${t("wizard.refused")}</span>`}
            <${Button} busy=${busy === "draft"} disabled=${busy !== "" || !isAskable(form)} onClick=${() => finish(false)}>${t("wizard.save")}</${Button}>
            <${Button} kind="primary" busy=${busy === "start"} disabled=${busy !== "" || !state.preview || state.busy || refused} onClick=${() => finish(true)}>${t("wizard.start")}</${Button}>`}</span>
      </footer>
    </section>`;
}

export function NewRollout() {
  return html`<${PageHead} title=${t("rollout.new")} crumbs=${[[t("nav.rollouts"), "/rollouts"]]} />
    ${may("operator") ? html`<${Wizard} />`
      : html`<section class="card"><${Failure} problem=${new Problem(403, { detail: t("wizard.forbidden") })} /></section>`}`;
}
