// live.js - the server's events, with reconnection and an honest word on whether they still come
//
// The stream is read by fetch rather than EventSource, because the server's heartbeat is a comment,
// which EventSource hides: a line that went silent (a sleeping laptop, a dead proxy) would look
// healthy for minutes.

import { useEffect, useState } from "./dom.js";

const SILENCE_MS = 40000; // the server speaks at least every 15 s
const RETRY_MIN_MS = 1000;
const RETRY_MAX_MS = 15000;
const GRACE_MS = 3000; // a line that is back by then was not worth a word

class Live {
  #listeners = new Set();
  #watchers = new Set();
  #abort = null;
  #retry_ms = RETRY_MIN_MS;
  #missed = false;
  #timer = null;
  #grace = null;
  #silence = null;

  state = "connecting"; // "connecting", "live" or "stale"
  since = Date.now();
  onRefused = () => {}; // called when the server no longer knows who listens

  // fn(ids) for each event of one of kinds; fn(null) when events may have been missed.
  listen(kinds, fn) {
    const listener = { kinds, fn };
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  watch(fn) {
    this.#watchers.add(fn);
    return () => this.#watchers.delete(fn);
  }

  start() {
    if (!this.#abort) this.#connect();
  }

  stop() {
    for (const timer of [this.#timer, this.#grace, this.#silence]) clearTimeout(timer);
    this.#abort?.abort();
    this.#abort = null;
    this.#grace = null;
    this.#missed = false;
    this.#become("connecting");
  }

  #become(state, since = Date.now()) {
    if (this.state === state) return;
    this.state = state;
    this.since = since;
    for (const fn of this.#watchers) fn();
  }

  #heard() {
    clearTimeout(this.#silence);
    const abort = this.#abort;
    this.#silence = setTimeout(() => abort.abort(), SILENCE_MS);
  }

  async #connect() {
    const abort = new AbortController();
    this.#abort = abort;
    this.#heard();
    try {
      const response = await fetch("/api/v1/events", {
        headers: { Accept: "text/event-stream" }, signal: abort.signal, cache: "no-store",
      });
      if (response.status === 401) this.onRefused();
      if (!response.ok || !response.body) throw new Error(`status ${response.status}`);
      this.#opened();
      await this.#read(response.body.getReader());
    } catch {
      // whatever ended it, the cure is the same
    }
    if (this.#abort === abort) this.#lost();
  }

  #opened() {
    const missed = this.#missed;
    this.#missed = false;
    clearTimeout(this.#grace);
    this.#grace = null;
    this.#retry_ms = RETRY_MIN_MS;
    this.#heard();
    this.#become("live");
    if (missed) for (const { fn } of this.#listeners) fn(null);
  }

  #lost() {
    clearTimeout(this.#silence);
    this.#missed = true;
    const at = Date.now();
    this.#grace ??= setTimeout(() => this.#become("stale", at), GRACE_MS);
    const wait = this.#retry_ms * (0.5 + Math.random() / 2);
    this.#retry_ms = Math.min(this.#retry_ms * 2, RETRY_MAX_MS);
    this.#timer = setTimeout(() => this.#connect(), wait);
  }

  async #read(reader) {
    const decoder = new TextDecoder();
    let rest = "";
    for (;;) {
      const { value, done } = await reader.read();
      if (done) return;
      this.#heard();
      rest += decoder.decode(value, { stream: true }).replaceAll("\r", "");
      const events = rest.split("\n\n");
      rest = events.pop();
      for (const event of events) this.#dispatch(event);
    }
  }

  #dispatch(event) {
    let kind = "message";
    let data = "";
    for (const line of event.split("\n")) {
      if (line.startsWith("event:")) kind = line.slice(6).trim();
      else if (line.startsWith("data:")) data += line.slice(5);
    }
    if (!data) return;
    let ids = null;
    try {
      ids = JSON.parse(data).ids ?? null;
    } catch {
      return;
    }
    for (const { kinds, fn } of this.#listeners) if (kinds.includes(kind)) fn(ids);
  }
}

export const live = new Live();

// {state, since}, kept current.
export function useLive() {
  const [, redraw] = useState(0);
  useEffect(() => live.watch(() => redraw((n) => n + 1)), []);
  return { state: live.state, since: live.since };
}
