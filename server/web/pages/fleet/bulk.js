// bulk.js - one thing done to every robot of a list: whom it means before, what became of each after

import { html, useEffect, useRef, useState } from "../../dom.js";
import { get, patch, post, put, useResource } from "../../api.js";
import { Dialog } from "../../components/dialog.js";
import { SelectField, TextField } from "../../components/field.js";
import { Failure, Skeleton } from "../../components/states.js";
import { Button } from "../../components/ui.js";
import { number } from "../../format.js";
import { may } from "../../session.js";
import { t } from "../../text.js";

const MOST = 2000; // more is a matter for a group, a layer or a rollout
const AT_ONCE = 4;

async function label(id, { key, value }) {
  const { data, etag } = await get(`/devices/${id}`);
  const labels = { ...data.labels, [key.trim()]: value.trim() };
  if (!value.trim()) delete labels[key.trim()];
  await patch(`/devices/${id}`, { labels }, etag);
}

// What a deed would do to a robot: {changes, before, after} or {changes, says}.
function labelled({ labels }, { key, value }) {
  const [before, after] = [labels[key.trim()] ?? "", value.trim()];
  return before === after ? { changes: false, says: t("bulk.has_it") } : { changes: true, before, after };
}

function joined({ groups }, { group }) {
  return groups.includes(group) ? { changes: false, says: t("bulk.is_in") } : { changes: true, says: t("bulk.joins") };
}

function told({ online }) {
  return online ? { changes: true, says: t("bulk.hears") } : { changes: false, says: t("bulk.offline") };
}

const DEEDS = [
  { name: "label", role: "operator", isReady: ({ key }) => key.trim() !== "", run: label, effect: labelled },
  { name: "group", role: "operator", isReady: ({ group }) => group !== "", effect: joined,
    run: (id, { group }) => put(`/groups/${group}/devices/${id}`) },
  ...["identify", "report", "restart"].map((kind) => ({ name: kind, role: kind === "restart" ? "operator" : "support",
    isReady: () => true, effect: told, run: (id) => post(`/devices/${id}/commands`, { kind }) })),
];

// Each robot with what it would come to, those first to which nothing happens.
function Effects({ robots, deed, asked }) {
  const effects = robots.map((robot) => ({ robot, ...deed.effect(robot, asked) }));
  const idle = effects.filter(({ changes }) => !changes);
  const line = ({ robot, before, after, says }) => html`<div key=${robot.id}><dt><a href="/robots/${robot.id}" target="_blank">${robot.name || robot.id}</a></dt>
    <dd>${says ?? html`<span class="muted">${before || t("diff.unset")}</span> \u2192 ${after || t("diff.unset")}`}</dd></div>`;
  return html`<p role="status">${t("bulk.changes", { n: effects.length - idle.length })}${idle.length > 0 && ` ${t(`bulk.idle.${deed.name === "label" || deed.name === "group"
    ? "has" : "offline"}`, { n: idle.length })}`}</p>
    <details><summary>${t("bulk.list")}</summary><dl class="diffs failed">${[...idle, ...effects.filter(({ changes }) => changes)].map(line)}</dl></details>`;
}

// {robots, isMore} of the list, or {problem}.
function useRobots(query) {
  const [state, setState] = useState({});
  useEffect(() => {
    let current = true;
    (async () => {
      const robots = [];
      let next = null;
      do {
        const { data } = await get("/devices", { ...query, limit: 1000, after: next });
        robots.push(...data.items);
        next = data.next;
      } while (next !== null && robots.length <= MOST && current);
      if (current) setState({ robots: robots.slice(0, MOST), isMore: robots.length > MOST || next !== null });
    })().catch((problem) => current && setState({ problem }));
    return () => {
      current = false;
    };
  }, []);
  return state;
}

// Does the deed, a few robots at a time. {done, failed: [[id, why]...], isOver, stop}.
function useDeed() {
  const [state, setState] = useState(null);
  const stopped = useRef(false);
  useEffect(() => () => {
    stopped.current = true;
  }, []);
  const run = async (deed, ids, asked) => {
    const told = { done: 0, failed: [], isOver: false };
    const queue = [...ids];
    stopped.current = false;
    setState({ ...told });
    await Promise.all(Array.from({ length: AT_ONCE }, async () => {
      for (let id = queue.shift(); id !== undefined && !stopped.current; id = queue.shift()) {
        await deed.run(id, asked).catch((problem) => told.failed.push([id, problem.message]));
        told.done++;
        setState({ ...told });
      }
    }));
    setState({ ...told, isOver: true, left: queue });
  };
  return [state, run, () => {
    stopped.current = true;
  }];
}

function Result({ state, all }) {
  const { done, failed, isOver, left = [] } = state;
  return html`<div role="status"><progress max=${all} value=${done} aria-label=${t("bulk.progress")}></progress>
    <p>${t(isOver ? "bulk.over" : "bulk.runs", { done: number(done - failed.length), all: number(all) })}
      ${left.length > 0 && ` ${t("bulk.left", { n: left.length })}`}</p>
    ${failed.length > 0 && html`<p class="tone-bad">${t("bulk.failed", { n: failed.length })}</p>
      <ul class="plain failed">${failed.map(([id, why]) => html`<li key=${id}><a href="/robots/${id}">${id}</a> ${why}</li>`)}</ul>`}</div>`;
}

export function BulkDialog({ query, onClose }) {
  const { robots, isMore, problem } = useRobots(query);
  const groups = (useResource("/groups", { query: { limit: 200 } }).data?.items || []).filter(({ filter }) => !filter);
  const deeds = DEEDS.filter(({ role }) => may(role));
  const [asked, setAsked] = useState({ deed: deeds[0].name, key: "", value: "", group: "" });
  const [state, run, stop] = useDeed();
  const deed = deeds.find(({ name }) => name === asked.deed);
  const set = (name) => (value) => setAsked((old) => ({ ...old, [name]: value }));
  const [confirmed, setConfirmed] = useState(false);
  const submit = (event) => {
    event.preventDefault();
    run(deed, robots.map(({ id }) => id), asked);
  };
  const names = robots?.slice(0, 5).map(({ id, name }) => name || id).join(", ");
  const isReady = robots?.length > 0 && !isMore && deed.isReady(asked) && (deed.name !== "restart" || confirmed);

  return html`<${Dialog} title=${t("bulk.title")} onClose=${onClose}>
    ${problem && html`<${Failure} problem=${problem} />`}
    ${!robots && !problem && html`<${Skeleton} lines=${4} />`}
    ${robots && !state && html`<form onSubmit=${submit} novalidate>
      <p><b>${t(isMore ? "bulk.too_many" : "robots.n", { n: isMore ? number(MOST) : robots.length })}</b>
        ${!isMore && html` <span class="muted">${names}${robots.length > 5 ? " \u2026" : ""}</span>`}</p>
      <${SelectField} label=${t("bulk.deed")} value=${asked.deed} onInput=${set("deed")}
        options=${deeds.map(({ name }) => [name, t(`bulk.deed.${name}`)])} />
      ${deed.name === "label" && html`<${TextField} label=${t("bulk.label.name")} value=${asked.key} onInput=${set("key")} />
        <${TextField} label=${t("bulk.label.value")} hint=${t("bulk.label.hint")} value=${asked.value} onInput=${set("value")} />`}
      ${deed.name === "group" && html`<${SelectField} label=${t("group")} value=${asked.group} onInput=${set("group")}
        options=${[["", t("groups.join")], ...groups.map(({ id, name }) => [id, name || id])]} />`}
      ${deed.name === "restart" && html`<label class="row tight"><input type="checkbox" checked=${confirmed}
        onChange=${(event) => setConfirmed(event.target.checked)} /> ${t("bulk.restart.sure", { n: robots.length })}</label>`}
      ${!isMore && deed.isReady(asked) && html`<${Effects} robots=${robots} deed=${deed} asked=${asked} />`}
      <footer class="row end"><${Button} onClick=${onClose}>${t("cancel")}</${Button}>
        <${Button} kind="primary" type="submit" disabled=${!isReady}>${t("bulk.do", { n: robots.length })}</${Button}></footer>
    </form>`}
    ${state && html`<${Result} state=${state} all=${robots.length} />
      <footer class="row end">${state.isOver ? html`<${Button} kind="primary" onClick=${onClose}>${t("close")}</${Button}>`
        : html`<${Button} onClick=${stop}>${t("bulk.stop")}</${Button}>`}</footer>`}
  </${Dialog}>`;
}
