// jobs.js - the bulk jobs that run now, and those of the last day, in a line each

import { html } from "../../dom.js";
import { useResource } from "../../api.js";
import { Missed } from "../../components/states.js";
import { Button } from "../../components/ui.js";
import { number } from "../../format.js";
import { t } from "../../text.js";

const DAY_MS = 86400e3;

// "Set a label \u00b7 floor = 7"
export function deedOf({ deed, asked }) {
  const { labels, settings, region, group, reason, text } = asked;
  const said = (value) => (value === null || value === "" ? t("diff.unset") : typeof value === "string" ? value : JSON.stringify(value));
  const what = labels || settings ? Object.entries(labels ?? settings).map(([name, value]) => `${name} = ${said(value)}`).join(", ") : region || group || reason || text;
  return t(`bulk.deed.${deed}`) + (what ? ` \u00b7 ${what}` : "");
}

// What needs a look: it runs, it was stopped, or robots failed.
const isOpen = ({ state, failed, ended_at }) => state === "running" || ((state === "stopped" || failed > 0) && Date.now() - new Date(ended_at) < DAY_MS);

export function Jobs({ onOpen }) {
  const state = useResource("/jobs", { query: { limit: 10 }, kinds: ["job"], gap_ms: 2000 });
  const jobs = (state.data?.items || []).filter(isOpen);
  if (state.data === null) return html`<${Missed} state=${state} what=${t("part.jobs")} />`;
  return jobs.map((job) => html`<div key=${job.id} class="strip ${job.state === "running" ? "calm" : "warn"}">
    <span>${[deedOf(job), t(job.state === "ended" ? "bulk.over" : "bulk.runs", { done: number(job.done + job.unchanged), all: number(job.robots) }),
      job.failed > 0 && t("bulk.failed.n", { n: job.failed }), job.state === "stopped" && t("bulk.stopped")].filter(Boolean).join(" \u00b7 ")}</span>
    <${Button} kind="quiet" onClick=${() => onOpen(job.id)}>${t("bulk.show")}</${Button}></div>`);
}
