// attempts.js - the last requests a robot sent to vendors

import { html, useEffect, useState } from "../../dom.js";
import { useList, useResource } from "../../api.js";
import { ATTEMPT_COLUMNS, attemptKey } from "../../components/attempts.js";
import { attemptsBehind, dayOf, usageBehind } from "../../components/behind.js";
import { Empty, Loaded } from "../../components/states.js";
import { ListTable } from "../../components/table.js";
import { Card, Facts, Money, Segmented } from "../../components/ui.js";
import { digitsFor, number } from "../../format.js";
import { may } from "../../session.js";
import { t } from "../../text.js";

const DAYS = ["1", "7", "30"];

// What they come to over some days of the reader's own, each number with the list behind it.
function Sums({ id, days }) {
  const zone = Intl.DateTimeFormat().resolvedOptions().timeZone;
  const span = { device: id, zone, from: dayOf(Date.now() - (Number(days) - 1) * 86400000, zone), to: dayOf(Date.now(), zone) };
  const state = useResource("/usage", { query: { ...span, by: "device" }, kinds: ["usage"], id, gap_ms: 5000 });
  if (state.error?.status === 403) return null; // whose rights end at groups has no sums
  const behind = (name, sum, only) => [t(name), html`<a href=${attemptsBehind({ ...span, ...only })}>${number(sum)}</a>`];
  return html`<${Loaded} state=${state} lines=${1}>${({ totals }) => {
    const sum = (name) => totals.reduce((all, row) => all + Number(row[name]), 0);
    return html`<${Facts} flow items=${[behind("attempts", sum("attempts")), behind("robot.failed", sum("failed"), { outcome: "failed" }),
      ...totals.map((row) => [t("cost"), html`<a href=${usageBehind({ ...span, to: undefined })}><${Money} value=${row.price} currency=${row.currency} digits=${digitsFor([row.price])} /></a>`])]} />`;
  }}</${Loaded}>`;
}

export function Attempts({ id }) {
  const [days, setDays] = useState(DAYS[1]);
  const list = useList(`/devices/${id}/usage`, { kinds: ["usage"], id, limit: 20 });
  const isHere = list.items !== null;
  useEffect(() => {
    if (isHere && location.hash === "#attempts") document.getElementById("attempts").scrollIntoView();
  }, [isHere]);
  return html`<${Card} title=${t("attempts")} id="attempts" flush actions=${html`<a class="button" href=${attemptsBehind({ device: id })}>${t("attempts.narrow")}</a>`}>
    ${may("viewer", "usage") && html`<div class="pad"><p><${Segmented} label=${t("robot.span")} value=${days} onChange=${setDays} options=${DAYS.map((n) => [n, n === "1" ? t("robot.today") : t("days", { n: Number(n) })])} /></p>
      <${Sums} id=${id} days=${days} /></div>`}
    <${ListTable} list=${list} columns=${ATTEMPT_COLUMNS} label=${t("attempts")} skeleton=${5}
      rowKey=${attemptKey}
      empty=${html`<${Empty} icon="say" title=${t("attempts.none")} />`} />
  </${Card}>`;
}
