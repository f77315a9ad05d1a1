// parts.js - how many robots are of each state, trouble, version, route, group and region; each number opens its list

import { html } from "../../dom.js";
import { useResource } from "../../api.js";
import { number } from "../../format.js";
import { TroubleName } from "../../components/trouble.js";
import { t, word } from "../../text.js";

const KINDS = [["states", "state"], ["troubles", "state.trouble"], ["versions", "version"], ["routes", "route"], ["groups", "group"], ["regions", "region"]];
const FEW = 5;

function nameOf(kind, value) {
  if (kind === "states") return word("state", value);
  if (kind === "troubles") return html`<${TroubleName} code=${value} />`;
  return value || t("part.none");
}
const address = (filter) => `/fleet?${new URLSearchParams({ filter })}`;

function Part({ kind, part, all }) {
  return html`<li><a href=${address(part.filter)}><span class="clip">${nameOf(kind, part.value)}</span>
    <b>${number(part.devices)}</b></a>
    <i class="share" aria-hidden="true" style=${{ width: `${(100 * part.devices) / all}%` }}></i></li>`;
}

function Kind({ kind, title, parts }) {
  const shown = parts.slice(0, FEW);
  const rest = parts.slice(FEW);
  const all = Math.max(1, parts.reduce((sum, { devices }) => sum + devices, 0));
  const items = (some) => some.map((part) => html`<${Part} key=${part.value} kind=${kind} part=${part} all=${all} />`);
  return html`<div><h3>${t(title)}</h3><ul class="plain">${items(shown)}</ul>
    ${rest.length > 0 && html`<details><summary>${t("part.more", { n: rest.length })}</summary><ul class="plain">${items(rest)}</ul></details>`}</div>`;
}

export function Parts() {
  const state = useResource("/fleet/parts", { kinds: ["device", "group", "layer", "rollout"], gap_ms: 10000 });
  if (!state.data) return null; // the counts above say what failed
  const told = KINDS.filter(([kind]) => state.data[kind].length > 1 || state.data[kind][0]?.value);
  if (told.length === 0) return null;
  return html`<section class="card parts" aria-label=${t("parts")}>${told.map(([kind, title]) => html`
    <${Kind} key=${kind} kind=${kind} title=${title} parts=${state.data[kind]} />`)}</section>`;
}
