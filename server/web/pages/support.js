// support.js - the desk where people call whose robot does not talk: one cause, one cure

import { html, useEffect, useState } from "../dom.js";
import { useResource } from "../api.js";
import { causeOf, cureOf, Diagnosis } from "../components/diagnosis.js";
import { TextField } from "../components/field.js";
import { PageHead } from "../components/page.js";
import { Empty, Loaded } from "../components/states.js";
import { Table } from "../components/table.js";
import { Button, Card } from "../components/ui.js";
import { useQuery } from "../router.js";
import { t } from "../text.js";

const isCode = (text) => /^m[1-6][0-9]$/i.test(text);

const COLUMNS = [
  { key: "code", title: t("code"), lead: true, width: "64px", cell: (row) => html`<b class="code">${row.code}</b>` },
  { key: "cause", title: t("cause"), whole: true, cell: causeOf },
  { key: "cure", title: t("doctor.cure"), whole: true, cell: cureOf },
];

// onRead: with the moment at which what is shown was true.
function Found({ robot, onRead }) {
  const state = useResource("/doctor", { query: { robot }, gap_ms: 3000,
    kinds: ["device", "usage", "alert", "layer", "group", "rollout", "pool", "claim"] });
  useEffect(() => onRead(state.at), [state.at]);
  if (state.data === null && state.error?.status === 404) return html`<${Card}><${Empty} title=${t("support.unknown")} /></${Card}>`;
  const { device, name, serial } = state.data || {};
  const open = device && html`<a class="button" href="/robots/${device}">${t("doctor.open")}</a>`;
  return html`<${Card} title=${name || device || serial || robot} actions=${open}>
    <${Loaded} state=${state} lines=${4}>${(data) => html`
      ${serial && html`<p class="muted">${t("serial")} ${serial}</p>`}<${Diagnosis} data=${data} />`}</${Loaded}></${Card}>`;
}

export function Support() {
  const [{ robot = "" }, change] = useQuery();
  const [text, setText] = useState(robot);
  const [read, setRead] = useState(null);
  const codes = useResource("/doctor/codes");
  const submit = (event) => {
    event.preventDefault();
    change({ robot: text.trim() });
  };
  const rows = codes.data?.items;
  const shown = isCode(robot) ? rows?.filter(({ code }) => code === robot.toUpperCase()) : rows;
  return html`<${PageHead} title=${t("nav.support")} at=${robot && !isCode(robot) ? read : codes.at} />
    <p class="lead">${t("support.lead")}</p>
    <form class="find row" role="search" onSubmit=${submit}>
      <${TextField} label=${t("support.key")} value=${text} onInput=${setText} autocomplete="off" autofocus />
      <${Button} kind="primary" icon="search" type="submit" disabled=${!text.trim()}>${t("support.find")}</${Button}>
    </form>
    ${robot && !isCode(robot) && html`<${Found} key=${robot} robot=${robot} onRead=${setRead} />`}
    <${Card} title=${t("support.codes")} class="codes" flush><${Loaded} state=${codes} lines=${8}>${() => html`
      <${Table} label=${t("support.codes")} columns=${COLUMNS} rows=${shown} rowKey=${(row) => row.code} />`}</${Loaded}></${Card}>`;
}
