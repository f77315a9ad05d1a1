// whatif.js - what contracts would cost, those that there are and imagined ones, and which is the cheapest where

import { html, useEffect, useMemo, useRef, useState } from "../dom.js";
import { get, request, throttled, useLoad, useResource } from "../api.js";
import { Bill } from "../components/bill.js";
import { SelectField, TextField } from "../components/field.js";
import { PageHead } from "../components/page.js";
import { Empty, Failure, Loaded, Skeleton } from "../components/states.js";
import { Table } from "../components/table.js";
import { Button, Card, Copy, IconButton } from "../components/ui.js";
import { dayIn, money, number } from "../format.js";
import { live } from "../live.js";
import { useQuery } from "../router.js";
import { tell } from "../said.js";
import { t, word } from "../text.js";
import { letterOf, modelsOf, MOST_SIDES, questionOf, readAsked, usual, writeSides } from "./whatif/asked.js";
import { Imagine } from "./whatif/imagine.js";
import { lowest } from "./whatif/envelope.js";
import { aligned, Lines, load, robots } from "./whatif/lines.js";

const WAIT_MS = 250;
const BUSY_MS = 1000;
const AGAIN_MS = 60000; // usage that goes on moves an answer slowly
const RANGES_SHOWN = 8;
const MOST_READ = 100; // contracts to choose among
const DAYS = [7, 30, 90, 365];

// The server's answer to a question; the one before stays while a newer one is made.
function useAnswer(question) {
  const key = JSON.stringify(question);
  const [state, setState] = useState({ data: null, error: null, busy: true });
  const [again, setAgain] = useState(0);
  useEffect(() => {
    const abort = new AbortController();
    let timer = null;
    const ask = async () => {
      try {
        const { data } = await request("POST", "/whatif", { body: question, signal: abort.signal, once: false });
        setState({ data, error: null, busy: false, at: Date.now() });
      } catch (error) {
        if (error.name === "AbortError") return;
        if (error.status === 503) timer = setTimeout(ask, BUSY_MS);
        else setState((old) => ({ ...old, error, busy: false }));
      }
    };
    setState((old) => ({ ...old, busy: true }));
    timer = setTimeout(ask, WAIT_MS);
    return () => {
      clearTimeout(timer);
      abort.abort();
    };
  }, [key, again]);
  useEffect(() => {
    const ask = throttled(() => setAgain((n) => n + 1), AGAIN_MS);
    const leave = live.listen(["usage", "contract"], ask);
    return () => {
      leave();
      ask.cancel();
    };
  }, []);
  return { ...state, reload: () => setAgain((n) => n + 1) };
}

const nameOf = (side) => side.contract ?? `${side.document.contract} ${t("whatif.imagined")}`;

function Swatch({ place }) {
  return html`<i class="swatch" style=${{ background: `var(--series-${place + 1})` }}></i><b>${letterOf(place)}</b>`;
}

function Side({ side, place, served, change, remove, edit }) {
  return html`<li class="side-line"><${Swatch} place=${place} />
    <span class="grow">${side.contract ? html`<a href="/contracts/${side.contract}">${side.contract}</a>` : nameOf(side)}</span>
    ${served.length > 0 && html`<${SelectField} label=${t("whatif.as")} value=${side.as || served[0]} options=${served.map((model) => [model, model])} onInput=${(as) => change({ ...side, as })} />`}
    <${Button} onClick=${edit}>${t(side.contract ? "whatif.vary" : "whatif.edit")}</${Button}>
    <${IconButton} icon="close" label=${t("whatif.remove", { id: nameOf(side) })} onClick=${remove} /></li>`;
}

function Sides({ sides, kept, served, documents, change }) {
  const [imagining, setImagining] = useState(null); // {place, document}; place past the last: one more
  const set = (next) => change(writeSides(next));
  const put = (document) => {
    set([...sides.slice(0, imagining.place), { document }, ...sides.slice(imagining.place + 1)]);
    setImagining(null);
  };
  // a variant of a contract that there is stands beside it
  const edit = (side, place) => setImagining(side.contract ? { place: sides.length, document: documents[place] } : { place, document: side.document });
  const others = kept.filter((id) => !sides.some((side) => side.contract === id));
  const room = sides.length < MOST_SIDES;
  return html`<${Card} title=${t("whatif.contracts")}>
    <ol class="side-lines">${sides.map((side, i) => html`<${Side} key=${`${i} ${nameOf(side)}`} side=${side} place=${i} served=${served[i] ?? []}
      change=${(next) => set(sides.map((old, k) => (k === i ? next : old)))} remove=${() => set(sides.filter((_, k) => k !== i))} edit=${() => edit(side, i)} />`)}</ol>
    <div class="row add-side">${room && others.length > 0 && html`<${SelectField} label=${t("whatif.add")} value="" options=${[["", t("whatif.choose")], ...others.map((id) => [id, id])]}
        onInput=${(id) => id && set([...sides, { contract: id }])} />`}
      ${room && html`<${Button} icon="plus" onClick=${() => setImagining({ place: sides.length, document: null })}>${t("whatif.imagine")}</${Button}>`}</div>
    ${imagining && html`<${Imagine} document=${imagining.document} done=${put} onClose=${() => setImagining(null)} />`}</${Card}>`;
}

// A number that is taken over when the field is left or Enter pressed, so that half a number asks nothing.
function Count({ label, value, min, max, onChange, hint }) {
  const [text, setText] = useState(String(value));
  useEffect(() => setText(String(value)), [value]);
  const take = () => {
    const next = Math.round(Number(text));
    if (text && next >= min && next <= max) onChange(next);
    else setText(String(value));
  };
  return html`<${TextField} label=${label} hint=${hint} type="number" inputmode="numeric" min=${min} max=${max} value=${text} onInput=${setText}
    onBlur=${take} onKeyDown=${(event) => event.key === "Enter" && take()} />`;
}

// What an estimate for years rests on.
function Basis({ days }) {
  const { data } = useResource("/usage/profile", { query: { days }, kinds: ["usage"], gap_ms: AGAIN_MS });
  if (!data) return null;
  return html`<p class="muted">${t("whatif.basis", { n: data.device_days, robots: t("whatif.robots", { n: data.devices }), from: dayIn(`${data.from}T12:00:00Z`, "UTC") })}</p>`;
}

function Assumptions({ asked, change, profile }) {
  const used = profile?.usage.map(({ model, metrics }) => `${model}: ${Object.entries(metrics).map(([name, value]) => `${word("metric", name)} ${number(Math.round(Number(value)))}`).join(" \u00b7 ")}`);
  return html`<${Card} title=${t("whatif.assumptions")}>
    <div class="row assumed">
      <${Count} label=${t("whatif.to")} value=${asked.to} min=${1} max=${10000000} onChange=${(to) => change({ to })} />
      <${Count} label=${t("whatif.at")} value=${asked.at} min=${0} max=${asked.to} onChange=${(at) => change({ at })} />
      <${SelectField} label=${t("whatif.measured")} value=${String(asked.days)} options=${[...new Set([...DAYS, asked.days])].sort((a, b) => a - b).map((n) => [String(n), t("whatif.days", { n })])}
        onInput=${(days) => change({ days })} />
      <${Count} label=${t("whatif.load")} value=${asked.load} min=${10} max=${300} onChange=${(value) => change({ load: value === 100 ? "" : value })} />
    </div>
    <input type="range" class="slider" aria-label=${t("whatif.at")} min="0" max=${asked.to} step=${Math.max(1, Math.round(asked.to / 200))} value=${asked.at}
      onChange=${(event) => change({ at: event.target.value })} />
    ${used && html`<p class="muted">${t("whatif.uses", { per: word("per", profile.per).toLowerCase(), what: used.join("; ") })}</p><${Basis} days=${asked.days} />`}</${Card}>`;
}

function rangeText({ from, to, places }, i, last, names) {
  const who = places.map((place) => `${letterOf(place)} ${names[place]}`).join(", ");
  const values = { from: number(from), to: number(to), who };
  if (places.length > 1) return t(from === to ? "whatif.tie_at" : "whatif.tie", values);
  if (i === 0) return t(last ? "whatif.always" : "whatif.until", values);
  return t(last ? "whatif.from_on" : "whatif.between", values);
}

// Where which is the cheapest, in words; from: where it begins, which a click looks at.
function Cheapest({ data, names, change }) {
  const ranges = data.cheapest;
  const left = ranges.length - RANGES_SHOWN + (data.cheapest_left_out ?? 0);
  if (ranges.length === 0) return html`<p class="notice warn">${t("whatif.nothing_compared")}</p>`;
  return html`<ol class="ranges" aria-label=${t("whatif.cheapest")}>${ranges.slice(0, RANGES_SHOWN).map((range, i) => html`<li key=${range.from}>
      <i class="swatch" style=${{ background: `var(--series-${range.places[0] + 1})` }}></i><button type="button" class="link" onClick=${() => change({ at: range.from })}>${rangeText(range, i, i === ranges.length - 1 && left <= 0, names)}</button></li>`)}
    ${left > 0 && html`<li class="muted">${t("whatif.more_ranges", { n: number(left) })}</li>`}</ol>`;
}

// A crossing is where a range begins in which another is the cheapest.
const crossings = (ranges) => ranges.slice(1).filter(({ places }) => places.length === 1).map(({ from, places }) => ({ x: from, place: places[0] }));

function Notes({ data, names }) {
  const notes = data.contracts.flatMap((side, i) => [
    side.unpriced.length > 0 && t("whatif.unpriced", { id: names[i], what: [...new Set(side.unpriced.map(({ model }) => model))].join(", ") }),
    side.no_segments && side.unpriced.length === 0 && t("whatif.sampled", { id: names[i] }),
  ]).filter(Boolean);
  return notes.map((note) => html`<p class="notice warn" key=${note}>${note}</p>`);
}

const columns = (data, names) => [
  { key: "id", title: t("contract"), lead: true, width: "26%", cell: ({ place }) => html`<${Swatch} place=${place} /> ${names[place]}` },
  { key: "cost", title: t("whatif.cost"), end: true, cell: ({ side }) => (side.at ? money(side.at.cost, side.currency) : tell(side.no_cost) ?? "\u2013") },
  { key: "more", title: t("whatif.more"), end: true, cell: ({ side, least }) => {
    const more = side.at && Number(side.at.converted) - least;
    return !side.at ? "\u2013" : more > 0 ? `+${money(more, data.currency)}` : t("whatif.least");
  } },
  { key: "each", title: t("whatif.each"), end: true, cell: ({ side }) => (side.at?.per_device ? money(side.at.per_device, side.currency) : "\u2013") },
  { key: "next", title: t("whatif.next"), end: true, from: "mid", cell: ({ side }) => (side.at && !side.at.next_device.includes("/") ? money(side.at.next_device, side.currency) : "\u2013") },
  { key: "unused", title: t("whatif.unused"), end: true, from: "mid", cell: ({ side }) => (side.at ? money(side.at.unused_commitment, side.currency) : "\u2013") },
];

function AtSize({ data, names, arithmetic, setArithmetic }) {
  const priced = data.contracts.filter((side) => side.at && side.unpriced.length === 0);
  const least = Math.min(...priced.map((side) => Number(side.at.converted)));
  const rows = data.contracts.map((side, place) => ({ side, place, least })).filter(({ side }) => side.unpriced.length === 0);
  const size = data.contracts.find((side) => side.at)?.at.devices;
  const title = t("whatif.at_size", { n: number(size ?? 0) });
  return html`<${Card} title=${title} flush>
    <${Table} label=${title} columns=${columns(data, names)} rows=${rows} rowKey=${({ place }) => place} />
    <footer class="table-foot"><${Button} aria-expanded=${arithmetic} onClick=${() => setArithmetic(!arithmetic)}>${t(arithmetic ? "whatif.hide_arithmetic" : "whatif.arithmetic")}</${Button}></footer></${Card}>
    ${arithmetic && rows.map(({ side, place }) => side.at?.lines && html`<${Card} key=${place} title=${t("whatif.bill_of", { id: names[place], n: number(size) })} flush>
      <${Bill} bill=${{ lines: side.at.lines, total: side.at.cost, currency: side.currency }} /></${Card}>`)}`;
}

// Which is the cheapest at how much of the usage, as the picture has it: to the percent.
function CheapestByLoad({ ranges, names }) {
  const words = ({ from, to, place }, i) => {
    const values = { from: number(Math.round(from)), to: number(Math.round(to)), who: `${letterOf(place)} ${names[place]}` };
    if (ranges.length === 1) return t("whatif.load.always", values);
    return t(i === 0 ? "whatif.load.until" : i === ranges.length - 1 ? "whatif.load.from_on" : "whatif.load.between", values);
  };
  return html`<ol class="ranges" aria-label=${t("whatif.cheapest_by_load")}>${ranges.map((range, i) => html`<li key=${range.from}>
    <i class="swatch" style=${{ background: `var(--series-${range.place + 1})` }}></i>${words(range, i)}</li>`)}</ol>`;
}

// Costs at that size as usage grows; in one currency by the rate that the answer was made with.
function ByLoad({ data, names, size }) {
  const shown = data.contracts.map((side, place) => ({ side, place })).filter(({ side }) => side.loads && side.at);
  const lines = useMemo(() => data.contracts.map((side) => {
    const rate = Number(side.at?.cost) > 0 ? Number(side.at.converted) / Number(side.at.cost) : 1;
    return (side.loads ?? []).map(([percent, cost]) => [percent, Number(cost) * rate]);
  }), [data]);
  const ranges = useMemo(() => lowest(aligned(lines.map((line, i) => (data.contracts[i].unpriced.length > 0 ? [] : line)))), [lines]);
  if (shown.length === 0) return null;
  return html`<${Card} title=${t("whatif.by_load", { n: number(size) })}>
    ${shown.length > 1 && ranges.length > 0 && html`<${CheapestByLoad} ranges=${ranges} names=${names} />`}
    <${Lines} lines=${lines} names=${names} currency=${data.currency} unit=${load} chosen=${100} height=${200} marks=${ranges.slice(1).map(({ from, place }) => ({ x: from, place }))} rest=${t("whatif.by_load.lead")}
      label=${t("whatif.plot.load", { n: number(size) })} /></${Card}>`;
}

function Answer({ data, asked, names, change, arithmetic, setArithmetic }) {
  const lines = useMemo(() => data.contracts.map((side) => (side.unpriced.length > 0 ? [] : side.points)), [data]);
  // an answer to the question before may have fewer sides
  const shown = data.contracts.map((_, i) => names[i] ?? "");
  return html`
    <${Notes} data=${data} names=${shown} />
    <${Card} title=${t("whatif.by_size")}>
      <${Cheapest} data=${data} names=${shown} change=${change} />
      <${Lines} lines=${lines} names=${shown} currency=${data.currency} marks=${crossings(data.cheapest)} chosen=${asked.at} onChoose=${(at) => change({ at: Math.min(at, asked.to) })}
        unit=${robots} rest=${t("whatif.hover")} height=${300} label=${t("whatif.plot", { names: shown.join(", ") })} />
    </${Card}>
    <${AtSize} data=${data} names=${shown} arithmetic=${arithmetic} setArithmetic=${setArithmetic} />
    <${ByLoad} data=${data} names=${shown} size=${asked.at} />`;
}

// documents: of the sides, in their order; null while they are read. onRead: with the moment of the answer.
function Compared({ asked, change, documents, onRead }) {
  const [arithmetic, setArithmetic] = useState(false);
  const served = documents.map(modelsOf);
  const state = useAnswer(questionOf(asked, served, arithmetic));
  const names = asked.sides.map(nameOf);
  const last = useRef(null);
  if (state.data) last.current = state.data;
  useEffect(() => onRead(state.at), [state.at]);
  return html`<${Assumptions} asked=${asked} change=${change} profile=${last.current?.profile} />
    <div aria-busy=${state.busy}>
      ${state.error?.status === 422 ? html`<p class="notice warn" role="alert">${state.error.message}</p>` : state.error ? html`<section class="card"><${Failure} problem=${state.error} retry=${state.reload} /></section>`
        : state.data ? html`<${Answer} data=${state.data} asked=${asked} names=${names} change=${change} arithmetic=${arithmetic} setArithmetic=${setArithmetic} />`
        : html`<${Skeleton} lines=${10} />`}
    </div>`;
}

// all: the newest documents of all contracts, by id.
function Page({ all }) {
  const [query, change] = useQuery();
  const [at, setAt] = useState(null);
  const asked = readAsked(query, usual(all));
  const documents = asked.sides.map((side) => side.document ?? all[side.contract]);
  return html`<${PageHead} title=${t("nav.whatif")} at=${asked.sides.length > 0 ? at : null} lead=${t("whatif.lead")}><${Copy} text=${location.href} label=${t("whatif.copy")} /></${PageHead}>
    <${Sides} sides=${asked.sides} kept=${Object.keys(all)} served=${documents.map(modelsOf)} documents=${documents} change=${change} />
    ${asked.sides.length === 0 ? html`<section class="card"><${Empty} icon="whatif" title=${t("whatif.none")}><p class="muted">${t("whatif.none.how")}</p></${Empty}></section>`
      : html`<${Compared} asked=${asked} change=${change} documents=${documents} onRead=${setAt} />`}`;
}

async function readAll() {
  const { data } = await get("/contracts");
  const read = async ({ id }) => [id, (await get(`/contracts/${id}`)).data.versions[0].document];
  return Object.fromEntries(await Promise.all(data.items.slice(0, MOST_READ).map(read)));
}

export function WhatIf() {
  const state = useLoad(readAll, { kinds: ["contract"], gap_ms: 10000 });
  if (!state.data) return html`<${PageHead} title=${t("nav.whatif")} /><${Loaded} state=${state} lines=${8}>${() => null}</${Loaded}>`;
  return html`<${Page} all=${state.data} />`;
}
