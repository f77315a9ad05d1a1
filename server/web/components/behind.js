// behind.js - addresses of the lists that numbers stand for

const DAY_MS = 86400000;

const search = (asked) => new URLSearchParams(Object.entries(asked).filter(([, value]) => value));

// The day that clocks show in zone.
export function dayOf(at, zone) {
  return new Intl.DateTimeFormat("sv-SE", { timeZone: zone || undefined, year: "numeric", month: "2-digit", day: "2-digit" }).format(at);
}

// Usage of those days, narrowed to a vendor, a contract, a group, a robot or a model; zone: whose days they
// are. end: the day past the last; null: today is the last, which it is at most.
export function usageBehind({ from, end, zone, by = "model", ...only }) {
  const today = dayOf(Date.now(), zone);
  const last = end ? new Date(Date.parse(end) - DAY_MS).toISOString().slice(0, 10) : today;
  const asked = { range: "own", from: from < today ? from : today, to: last < today ? last : today, zone, by, ...only };
  return `/usage?${search(asked)}`;
}

// What a line of a contract's bill counted.
export function billedBehind({ id, zone }, { period, metric }) {
  const [from, end] = period.split("/");
  return usageBehind({ contract: id, zone, from, end, by: metric === "active_devices" ? "device" : "model" });
}

// Attempts one by one; only: as the API's list of them is narrowed.
export const attemptsBehind = (only) => `/attempts?${search(only)}`;

// Robots that a filter means.
export const robotsBehind = (filter) => `/fleet?${search({ filter })}`;

// A text as a filter has it.
export const quoted = (text) => `"${text.replaceAll(/["\\]/g, "\\$&")}"`;

const PAGES = {
  device: (id) => `/robots/${id}`, rollout: (id) => `/rollouts/${id}`, group: (id) => `/config/group/${id}`, contract: (id) => `/contracts/${id}`,
  vendor: (id) => `/vendors/${id}`, alert: (id) => `/alerts/${id}`, claim: () => "/claims", pairing: () => "/pairings", budget: (id) => `/budgets/${id}`,
  layer: (id) => (id === "fleet" ? "/config" : id.startsWith("device:") ? `/robots/${id.slice(7)}` : `/config/${id.replace(":", "/")}`),
  threshold: (id) => pageOf(id.split(":", 2).join(":")), // "budget:night:80%": of the budget night
  operator: () => "/access", "api-key": () => "/access", role: () => "/access", region: () => "/vendors", blackout: () => "/rollouts", retention: () => "/privacy",
};

// The page of "device/sim-0003" or "operator:anna", as the audit names what was changed and who did it.
export function pageOf(named) {
  const [, kind, id] = /^([a-z-]+)[/:](.+)$/.exec(named) ?? [];
  return PAGES[kind]?.(id);
}
