// api.js - the one way to the server: JSON, problems as exceptions, ETags for safe writes

import { useCallback, useEffect, useRef, useState } from "./dom.js";
import { live } from "./live.js";
import { t } from "./text.js";

const ROOT = "/api/v1";

// What the server refused, in the form of RFC 9457. status 0: the server could not be reached.
export class Problem extends Error {
  // tell: into the reader's language; what is said stays as the server said it.
  constructor(status, body = {}, tell = (said) => said) {
    super(tell(body.detail || body.title) || t("problem.status", { status }));
    this.status = status;
    this.said = body.detail || "";
    this.title = body.title || "";
    this.errors = (body.errors || []).map((error) => ({ ...error, detail: tell(error.detail) }));
  }

  // The complaint about one field, by its JSON pointer; "" when there is none. Who asks shows it.
  at(pointer) {
    const error = this.errors.find((one) => one.pointer?.replace(/^#/, "") === pointer);
    if (error) error.shown = true;
    return error?.detail || "";
  }

  // Whether all of it stands at its fields already.
  get placed() {
    return this.errors.length > 0 && this.errors.every((error) => error.shown);
  }
}

let onSignedOut = () => {};

// fn is called when the server no longer knows who we are.
export function whenSignedOut(fn) {
  onSignedOut = fn;
}

// A fresh value for Idempotency-Key: the same click, repeated by a flaky line, acts once.
function idempotencyKey() {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
}

export function address(path, query = {}) {
  const filled = Object.entries(query).filter(([, value]) => value !== "" && value != null);
  const search = new URLSearchParams(filled).toString();
  return ROOT + path + (search ? `?${search}` : "");
}

async function read(response) {
  const type = response.headers.get("Content-Type") || "";
  if (response.status === 204 || !type.includes("json")) return null;
  return response.json();
}

// What tells refusals in the reader's language; only who is refused something needs it.
const teller = () => import("./said.js").then(({ tell }) => tell, () => undefined);

// Answers {data, etag}; throws Problem. once: false for what may act twice, as a dry run does nothing.
export async function request(method, path, { query, body, type = "application/json", etag, signal, once = true } = {}) {
  const headers = { Accept: "application/json" };
  if (body !== undefined) headers["Content-Type"] = type;
  if (etag) headers["If-Match"] = etag;
  if (method === "POST" && once) headers["Idempotency-Key"] = idempotencyKey();

  let response, data;
  try {
    response = await fetch(address(path, query), {
      method, headers, signal, credentials: "same-origin",
      body: body === undefined || body instanceof Blob ? body : JSON.stringify(body),
    });
    data = await read(response);
  } catch (error) {
    if (error.name === "AbortError") throw error;
    throw new Problem(0, { detail: t("problem.unreachable") });
  }
  if (response.status === 401 && path !== "/login") {
    onSignedOut(); // who is asked to sign in reads nothing of the refusal
    throw new Problem(response.status, data || {});
  }
  if (!response.ok) throw new Problem(response.status, data || {}, await teller());
  return { data, etag: response.headers.get("ETag") };
}

export const get = (path, query, options) => request("GET", path, { ...options, query });
export const post = (path, body = {}, etag) => request("POST", path, { body, etag });
// blob: a file as the operator chose it, sent as it is.
export const upload = (path, blob, type, query) => request("POST", path, { body: blob, type, query });
export const put = (path, body, etag) => request("PUT", path, { body, etag });
export const patch = (path, body, etag) => request("PATCH", path, { body, etag });
export const remove = (path, etag) => request("DELETE", path, { etag });
export const file = (path, version) => address(path, { v: version });

// Calls fn at most once per gap_ms, and once more after the last call: a fleet that talks all the
// time must not make the browser ask all the time. What takes long to answer is asked for as much
// more seldom: the server is busy for a tenth of the time at most.
export function throttled(fn, gap_ms) {
  let timer = null;
  let last = 0;
  const run = async () => {
    timer = null;
    const began = Date.now();
    last = began;
    await fn();
    last = Date.now() + Math.max(0, 9 * (Date.now() - began) - gap_ms);
  };
  const call = () => {
    if (timer === null) timer = setTimeout(run, Math.max(0, last + gap_ms - Date.now()));
  };
  call.cancel = () => clearTimeout(timer);
  return call;
}

// Runs load now, again when a live event that concerns us arrives (kinds; ids: null for any), and
// after the live line was restored. State: {data, error, busy, at}; data of the last good answer
// stays while a newer one is fetched or fails, so that a page never blinks.
export function useLoad(load, { kinds = [], id = null, gap_ms = 1000, deps = [] } = {}) {
  const [state, setState] = useState({ data: null, error: null, busy: true, at: null });
  const run = useRef(0);

  const reload = useCallback(async () => {
    const mine = ++run.current;
    setState((old) => ({ ...old, busy: true }));
    try {
      const data = await load();
      if (mine === run.current) setState({ data, error: null, busy: false, at: Date.now() });
    } catch (error) {
      if (mine === run.current) setState((old) => ({ ...old, error, busy: false }));
    }
  }, deps);

  useEffect(() => {
    setState((old) => ({ ...old, data: null, error: null }));
    reload();
    const again = throttled(reload, gap_ms);
    const leave = live.listen(kinds, (ids) => {
      if (id === null || ids === null || ids.includes(id)) again();
    });
    return () => {
      leave();
      again.cancel();
      run.current++;
    };
  }, deps);

  return { ...state, reload };
}

// One resource: {data: {...}, etag} as useLoad.
export function useResource(path, { query, ...options } = {}) {
  const key = address(path, query);
  const state = useLoad(() => get(path, query), { ...options, deps: [key] });
  return { ...state, data: state.data?.data ?? null, etag: state.data?.etag ?? null };
}

// A list read page by page. A live event reads again as many rows as are shown. Adds
// {items, next, as_of, page, more()}; as_of: of the oldest page, of a list that tells; page: the last one as
// it was answered. A page may be short and not the last one: some lists look at so much for a page, no more.
export function useList(path, { query, limit = 100, ...options } = {}) {
  const shown = useRef(limit);
  const key = address(path, { ...query, limit });
  const lastKey = useRef(key);
  if (lastKey.current !== key) {
    lastKey.current = key;
    shown.current = limit;
  }

  const state = useLoad(async () => {
    const items = [];
    let next = null;
    let as_of, page;
    let pages = shown.current / limit;
    do {
      page = (await get(path, { ...query, limit, after: next })).data;
      items.push(...page.items);
      as_of = as_of || page.as_of;
      next = page.next;
      pages--;
    } while (next !== null && pages > 0);
    return { items, next, as_of, page };
  }, { ...options, deps: [key] });

  const more = () => {
    shown.current += limit;
    return state.reload();
  };
  return { ...state, items: state.data?.items ?? null, next: state.data?.next ?? null, as_of: state.data?.as_of, page: state.data?.page, more };
}
