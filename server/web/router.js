// router.js - page addresses by the History API; the server answers index.html for each of them

import { useEffect, useState } from "./dom.js";

const listeners = new Set();

function changed() {
  for (const fn of listeners) fn();
}

export function navigate(to, { replace = false } = {}) {
  const from = location.pathname + location.search;
  if (to === from) return;
  history[replace ? "replaceState" : "pushState"](null, "", to);
  changed();
}

// Links are plain <a href="/...">; this makes them navigate without a reload.
export function startRouter() {
  addEventListener("popstate", changed);
  addEventListener("click", (event) => {
    const link = event.target.closest?.("a[href^='/']");
    const plain = !event.metaKey && !event.ctrlKey && !event.shiftKey && event.button === 0;
    if (!link || !plain || link.target || link.hasAttribute("download")) return;
    event.preventDefault();
    navigate(link.getAttribute("href"));
    scrollTo(0, 0);
  });
}

export function usePath() {
  const [, redraw] = useState(0);
  useEffect(() => {
    const fn = () => redraw((n) => n + 1);
    listeners.add(fn);
    return () => listeners.delete(fn);
  }, []);
  return location.pathname;
}

// The first row of table whose path fits: {...row, params}; "/robots/:id" fits "/robots/r1".
export function match(table, path) {
  const parts = path.split("/").filter(Boolean);
  for (const row of table) {
    const wanted = row.path.split("/").filter(Boolean);
    if (wanted.length !== parts.length) continue;
    const params = {};
    const fits = wanted.every((want, i) => {
      if (!want.startsWith(":")) return want === parts[i];
      params[want.slice(1)] = decodeURIComponent(parts[i]);
      return true;
    });
    if (fits) return { ...row, params };
  }
  return null;
}

// The address's query as an object, and a function that changes some of it in place (no new entry
// in the history: filters are where one is, not where one was).
export function useQuery() {
  usePath();
  const query = Object.fromEntries(new URLSearchParams(location.search));
  const change = (changes) => {
    const next = Object.entries({ ...query, ...changes }).filter(([, value]) => value);
    const search = new URLSearchParams(next).toString();
    navigate(location.pathname + (search ? `?${search}` : ""), { replace: true });
  };
  return [query, change];
}
