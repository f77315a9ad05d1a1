// attempts.js - the last requests a robot sent to vendors

import { html, useEffect } from "../../dom.js";
import { useList } from "../../api.js";
import { ATTEMPT_COLUMNS, attemptKey } from "../../components/attempts.js";
import { attemptsBehind } from "../../components/behind.js";
import { Empty } from "../../components/states.js";
import { ListTable } from "../../components/table.js";
import { Card } from "../../components/ui.js";
import { t } from "../../text.js";

export function Attempts({ id }) {
  const list = useList(`/devices/${id}/usage`, { kinds: ["usage"], id, limit: 20 });
  const isHere = list.items !== null;
  useEffect(() => {
    if (isHere && location.hash === "#attempts") document.getElementById("attempts").scrollIntoView();
  }, [isHere]);
  return html`<${Card} title=${t("attempts")} id="attempts" flush actions=${html`<a class="button" href=${attemptsBehind({ device: id })}>${t("attempts.narrow")}</a>`}>
    <${ListTable} list=${list} columns=${ATTEMPT_COLUMNS} label=${t("attempts")} skeleton=${5}
      rowKey=${attemptKey}
      empty=${html`<${Empty} icon="say" title=${t("attempts.none")} />`} />
  </${Card}>`;
}
