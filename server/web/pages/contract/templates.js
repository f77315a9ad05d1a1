// templates.js - what a new contract may begin with: terms of the usual kinds, to be filled in

const TERMS = {
  // A yearly fee with free tokens, a promise of robots, and our own ceiling on the money.
  fee: () => ({
    charges: [
      { name: "fee", kind: "flat", amount: "3000000.00", per: "term" },
      { name: "input", kind: "matrix", per: "month", unit: 1000000, prices: { input_uncached: "0.80", input_cached: "0.16", reasoning: "2.00" } },
      { name: "output", kind: "graduated", metric: "output", per: "month", tiers: [{ up_to: 20000000000, price: "0" }, { price: "2.00", unit: 1000000 }] },
    ],
    commitments: [{ metric: "active_devices", at_least: 10000, measured: "peak", per: "term", shortfall: { fee_per_unit: "300.00" } }],
    caps: [{ name: "requests", metric: "requests", at_most: 2000000, per: "day", hard: true }],
    thresholds: [{ of: "spend", limit: "3600000.00", at: "80%", do: ["alert"] }],
  }),
  // Every token has its price, a hard cap holds the month.
  tokens: () => ({
    charges: [{ name: "tokens", kind: "matrix", per: "month", unit: 1000000,
      prices: { input_uncached: "1.20", input_cached: "0.30", output: "4.80", reasoning: "4.80" } }],
    caps: [{ name: "month", metric: "spend", at_most: "120000.00", per: "month", hard: true }],
    thresholds: [{ of: "cap:month", at: "80%", do: ["alert"] }],
  }),
  // Each robot that speaks in a month, with units of its own.
  robots: () => ({
    charges: [{ name: "robots", kind: "unit", metric: "active_devices", measured: "ever", price: "4.00", per: "month" }],
    commitments: [{ metric: "active_devices", at_least: 1000, measured: "ever", per: "month", shortfall: { fee_per_unit: "4.00" } }],
  }),
  // Money paid ahead, which usage burns.
  prepaid: () => ({
    charges: [{ name: "tokens", kind: "matrix", per: "month", unit: 1000000,
      prices: { input_uncached: "1.20", input_cached: "0.30", output: "4.80", reasoning: "4.80" } }],
    credits: [{ name: "package", amount: "50000.00", price: "45000.00" }],
  }),
};

export const TEMPLATES = Object.keys(TERMS);

// Of this year, in the reader's own zone; of no vendor yet unless there is one.
export function fromTemplate(name, vendor = "vendor") {
  const year = new Date().getFullYear();
  return { contract: `${vendor}-${year}`, vendor, currency: "CNY", zone: Intl.DateTimeFormat().resolvedOptions().timeZone,
    term: { from: `${year}-01-01`, to: `${year + 1}-01-01` }, ...TERMS[name]() };
}
