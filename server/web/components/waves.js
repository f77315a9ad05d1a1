// waves.js - the robots of a rollout or of one of its waves by what became of them: a bar for the eye,
// numbers that link to the robots behind them

import { html } from "../dom.js";
import { number } from "../format.js";
import { t, word } from "../text.js";
import { Chip } from "./ui.js";

// In the order in which they stand in a bar.
export const OUTCOMES = ["confirmed", "opened", "failed", "unreachable", "reverted", "left", "waiting"];

const TONES = {
  completed: "ok", running: "info", preflight: "info", approval: "warn", waiting: "warn", paused: "warn", rolling_back: "warn",
  red: "bad", green: "ok", passed: "ok", open: "info", undecided: "warn", forced: "warn",
};

const there = (counts) => OUTCOMES.filter((name) => counts?.[name] > 0);

// counts: null before the robots are known.
export function WaveBar({ counts }) {
  const shown = there(counts);
  const label = shown.map((name) => `${word("rollout_device", name)}: ${number(counts[name])}`).join(", ") || t("rollout.bar.empty");
  return html`<div class="wave-bar" role="img" aria-label=${label} title=${label}>
    ${shown.map((name) => html`<i key=${name} class="by-${name}" style=${{ flexGrow: counts[name] }}></i>`)}</div>`;
}

// href(outcome): where the list of those robots is.
export function WaveCounts({ counts, href }) {
  return html`<ul class="wave-counts">${there(counts).map((name) => html`<li key=${name}><a href=${href(name)}>
    <i class="dot by-${name}" aria-hidden="true"></i><b>${number(counts[name])}</b> ${word("rollout_device", name)}</a></li>`)}</ul>`;
}

// Where a rollout stands, in a word; below it the step, or why it pauses.
export function Place({ row }) {
  const detail = row.cause ? word("rollout_cause", row.cause) : row.step && word("rollout_step", row.step);
  return html`<span class="place"><${Chip} tone=${row.cause === "red" ? "bad" : TONES[row.state]}>${word("rollout_state", row.state)}</${Chip}>
    ${detail && html` <span class="muted">${detail}</span>`}</span>`;
}

export function WaveState({ state }) {
  return html`<${Chip} tone=${TONES[state]}>${word("rollout_wave", state)}</${Chip}>`;
}

// "Wave 2 - 5%", or the robots held back.
export function waveName({ wave, share, control }) {
  return control ? t("rollout.wave.control", { n: wave }) : t("rollout.wave.share", { n: wave, share });
}
