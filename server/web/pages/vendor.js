// vendor.js - one vendor: how it answers, what drains it and did, and what can be done with it

import { html, useState } from "../dom.js";
import { remove, useList, useResource } from "../api.js";
import { PageHead } from "../components/page.js";
import { Empty, Loaded } from "../components/states.js";
import { ListTable } from "../components/table.js";
import { Button, Card, Chip, Facts } from "../components/ui.js";
import { may } from "../session.js";
import { t, word } from "../text.js";
import { drainColumns, DrainDialog, VendorState, WindowForm } from "./vendor/drain.js";
import { ReturnDialog, VendorDialog } from "./vendor/edit.js";
import { VendorHealth } from "./vendor/health.js";
import { KeyDialog } from "./vendor/key.js";

function Drains({ vendor }) {
  const list = useList(`/vendors/${vendor.id}/drains`, { kinds: ["vendor"], limit: 20 });
  const cancel = async (row) => {
    await remove(`/vendors/${vendor.id}/maintenance/${row.id}`);
    list.reload();
  };
  return html`<${Card} title=${t("drain.of", { id: vendor.id })} flush>
    <${ListTable} list=${list} columns=${drainColumns(cancel)} label=${t("drain.of", { id: vendor.id })} skeleton=${2}
      empty=${html`<${Empty} icon="vendors" title=${t("drain.none")} />`} /></${Card}>
    ${may("operator") && html`<${Card} title=${t("drain.window.plan")}><${WindowForm} vendor=${vendor} onDone=${list.reload} /></${Card}>`}`;
}

const DIALOGS = { edit: VendorDialog, drain: DrainDialog, return: ReturnDialog, key: KeyDialog };

export function Vendor({ id }) {
  const state = useResource(`/vendors/${id}`, { kinds: ["vendor"] });
  const [open, setOpen] = useState("");
  const vendor = state.data;
  const close = () => {
    setOpen("");
    state.reload();
  };
  const Shown = DIALOGS[open];
  const isDrained = vendor?.drains.some((drain) => drain.state === "active");
  return html`<${PageHead} title=${vendor?.name || id} crumbs=${[[t("nav.vendors"), "/vendors"]]} at=${state.at} lead=${vendor && html`<code>${id}</code>`}>
      ${vendor && html`
        ${may("operator") && (isDrained
          ? html`<${Button} icon="check" kind="primary" onClick=${() => setOpen("return")}>${t("drain.return.do")}</${Button}>`
          : html`<${Button} icon="drain" onClick=${() => setOpen("drain")}>${t("drain.short")}</${Button}>`)}
        <a class="button" href=${`/vendors/${id}/pack`}>${t("pack.link")}</a>
        <${Button} icon="shield" onClick=${() => setOpen("key")}>${t("vendor.key")}</${Button}>
        ${may("operator") && html`<${Button} icon="edit" onClick=${() => setOpen("edit")}>${t("edit")}</${Button}>`}`}</${PageHead}>
    <${Loaded} state=${state} lines=${6}>${() => html`
      <${Card}><${Facts} flow items=${[
        [t("vendor.state"), html`<${VendorState} vendor=${vendor} />`],
        [t("vendor.dialect"), word("dialect", vendor.dialect)],
        [t("vendor.base_url"), html`<code>${vendor.base_url}</code>`],
        [t("region"), vendor.region || t("any")],
        [t("vendor.key"), vendor.has_key ? html`<${Chip} tone="ok">${t("vendor.has_key")}</${Chip}>` : html`<${Chip} tone="warn">${t("vendor.no_key")}</${Chip}>`],
        [t("vendor.credential"), word("credential", vendor.credential)]]} /></${Card}>
      <${VendorHealth} id=${id} />
      <${Drains} vendor=${vendor} />`}</${Loaded}>
    ${Shown && html`<${Shown} vendor=${vendor} onClose=${close} />`}`;
}
