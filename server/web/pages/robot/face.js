// face.js - the robot's face as it is now, when asked; and its last answer as a video, where the
// installation keeps one

import { html, useEffect, useRef, useState } from "../../dom.js";
import { file, useLoad } from "../../api.js";
import { Ago, Button, Card } from "../../components/ui.js";
import { may } from "../../session.js";
import { t } from "../../text.js";
import { command, commandQuietly } from "./commands.js";

const WATCH_MS = 60000; // watching ends by itself: a forgotten tab must not keep a robot busy
const WATCH_GAP_MS = 2500;

// {at} of what lies at path, or null when there is nothing. No file is fetched.
async function head(path) {
  const response = await fetch(file(path), { method: "HEAD", credentials: "same-origin" }).catch(() => null);
  if (!response?.ok) return { at: null };
  return { at: response.headers.get("Last-Modified") || response.headers.get("ETag") || "now" };
}

function useWatch(id) {
  const [until, setUntil] = useState(0);
  useEffect(() => {
    if (!until) return undefined;
    const timer = setInterval(() => {
      if (Date.now() > until || document.hidden) setUntil(0);
      else commandQuietly(id, "picture");
    }, WATCH_GAP_MS);
    return () => clearInterval(timer);
  }, [until]);
  return [until > 0, () => setUntil(until ? 0 : Date.now() + WATCH_MS)];
}

function Picture({ id, robot }) {
  const state = useLoad(() => head(`/devices/${id}/face`), { kinds: ["face"], id, gap_ms: 500, deps: [id] });
  const [watching, toggle] = useWatch(id);
  const at = state.data?.at;
  const can = may("support") && robot.online && robot.status === "active";

  return html`<div class="face">
    <div class="screen ${at ? "" : "dark"}">${at
      ? html`<img src=${file(`/devices/${id}/face`, at)} width="240" height="240" alt=${t("face.alt", { id })} />`
      : html`<p class="muted">${state.busy ? "" : t(robot.online ? "face.none" : "face.offline")}</p>`}</div>
    <div class="row spread">
      <span class="muted">${at && html`${t("face.taken")} <${Ago} at=${at} />`}</span>
      ${can && html`<span class="row">
        <${Button} kind="quiet" aria-pressed=${watching} onClick=${toggle}>${t(watching ? "face.stop" : "face.watch")}</${Button}>
        <${Button} icon="picture" onClick=${() => command(id, "picture")}>${t("face.take")}</${Button}></span>`}
    </div>
  </div>`;
}

function Video({ id }) {
  const state = useLoad(() => head(`/devices/${id}/video`), { kinds: ["usage"], id, gap_ms: 3000, deps: [id] });
  const player = useRef(null);
  const at = state.data?.at;
  useEffect(() => {
    player.current?.load();
  }, [at]);
  if (!at) return null;
  return html`<figure class="video"><video ref=${player} controls playsinline preload="metadata"
      src=${file(`/devices/${id}/video`, at)} aria-label=${t("video")}></video>
    <figcaption class="muted">${t("video")}${Date.parse(at) ? html`, <${Ago} at=${at} />` : ""}</figcaption></figure>`;
}

export function Face({ id, robot }) {
  return html`<${Card} title=${t("face")}>
    <${Picture} id=${id} robot=${robot} />
    <${Video} id=${id} />
  </${Card}>`;
}
