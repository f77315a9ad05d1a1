// order.js - what an operator typed of a new rollout, and the order that the API takes for it
//
// Texts stay as typed, so that a step shows again what was written; an empty one is the server's default.

import { readManifest } from "../../components/software.js";

export const BLANK = {
  id: "", name: "", target: "fleet", group: "", filter: "", what: "settings", patch: {}, manifest: "", key: "",
  waves: null, control: { share: "", at_least: "" }, rate: "", ramp: { from: "", percent: "" },
  test: "", deadline: { n: "", unit: "60" }, retries: "", max_failed: "", soak: { n: "", unit: "60" },
  unreachable: { n: "", unit: "3600" }, windows: "", zone: "", blackouts: [], gates: "on", rules: {},
  on_red: "pause", manual: false, queue: false, above_cost: "",
};

export const STEPS = ["target", "change", "waves", "safety", "check"];

// The step whose field a problem's pointer names.
export function stepOf(pointer = "") {
  const path = pointer.replace(/^#/, "");
  if (/^\/(patch|manifest|key)/.test(path)) return "change";
  if (/^\/plan\/(waves|control|rate_per_minute|ramp)/.test(path)) return "waves";
  return path.startsWith("/plan") ? "safety" : "target";
}

const filled = (object) => Object.fromEntries(Object.entries(object).filter(([, value]) => value !== undefined));
const orNone = (object) => (Object.keys(object).length > 0 ? object : undefined);
const share = (text) => (text.trim() === "" ? undefined : `${text.trim().replace(/%$/, "").trim()}%`);
// What is no number goes as it was typed, so that the server names the field.
const whole = (text) => (text.trim() === "" ? undefined : /^\d+$/.test(text.trim()) ? Number(text) : text);

function seconds({ n, unit }) {
  const count = whole(n);
  return typeof count === "number" ? count * Number(unit) : count;
}

const wave = (row) => filled({ share: share(row.share) ?? "", at_least: whole(row.at_least), at_most: whole(row.at_most) });

function moment(text) {
  const at = new Date(text);
  return text === "" || Number.isNaN(at.getTime()) ? text : at.toISOString();
}

function rule({ on = true, margin = "", expected = "" }) {
  if (!on) return null;
  if (expected.trim() !== "") return filled({ margin: share(margin), expected: expected.trim() });
  return share(margin);
}

function gates(form) {
  return form.gates === "off" ? "off" : orNone(filled(Object.fromEntries(Object.entries(form.rules).map(([name, typed]) => [name, rule(typed)]))));
}

const windows = (text) => (text.trim() === "" ? undefined : text.split(/[\s,]+/).filter(Boolean));

export function planOf(form) {
  return filled({
    waves: form.waves?.map(wave),
    control: orNone(filled({ share: share(form.control.share), at_least: whole(form.control.at_least) })),
    rate_per_minute: whole(form.rate),
    ramp: form.ramp.from.trim() ? filled({ from: whole(form.ramp.from), percent: whole(form.ramp.percent) }) : undefined,
    confirm: orNone(filled({
      test: form.test === "" ? undefined : form.test === "yes", deadline_s: seconds(form.deadline),
      retries: whole(form.retries), max_failed: share(form.max_failed),
    })),
    soak_s: seconds(form.soak),
    unreachable_after_s: seconds(form.unreachable),
    windows: windows(form.windows),
    zone: form.zone.trim() || undefined,
    blackouts: form.blackouts.length > 0 ? form.blackouts.map(({ from, to }) => ({ from: moment(from), to: moment(to) })) : undefined,
    gates: gates(form),
    on_red: form.on_red,
    manual: form.manual,
    queue: form.queue,
    approval: form.above_cost.trim() ? { above_cost: form.above_cost.trim() } : undefined,
  });
}

// What it carries: settings, software or a vendor's next key.
const carried = (form) => (form.what === "software" ? { manifest: readManifest(form.manifest)?.envelope }
  : form.what === "key" ? { key: form.key } : { patch: form.patch });
const carries = (form) => (form.what === "software" ? readManifest(form.manifest) !== null
  : form.what === "key" ? form.key !== "" : Object.keys(form.patch).length > 0);

export function orderOf(form, more = {}) {
  return filled({
    id: form.id.trim(), name: form.name.trim() || undefined,
    group: form.target === "group" ? form.group : undefined,
    filter: form.target === "filter" ? form.filter.trim() : undefined,
    ...carried(form), plan: planOf(form), ...more,
  });
}

// Whether there is enough to ask what it would be.
export function isAskable(form) {
  return carries(form) && (form.target !== "group" || form.group !== "") && (form.target !== "filter" || form.filter.trim() !== "");
}

// The layer that it would change; null while there is none (a filter for which no group was made yet).
export const layerPath = (form, group) => (form.target === "group" && form.group ? `/layers/group/${form.group}`
  : form.target === "filter" ? (group ? `/layers/group/${group}` : null) : "/layers/fleet");
