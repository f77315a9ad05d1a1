// asked.js - a what-if question as the page's address has it, so that a link shows the same

export const MOST_SIDES = 6; // as many as there are colours
const IMAGINED = "~";

// Documents in an address: base64 of their JSON, in the alphabet that needs no escapes.
function pack(documents) {
  const bytes = new TextEncoder().encode(JSON.stringify(documents));
  return btoa(String.fromCharCode(...bytes)).replaceAll("+", "-").replaceAll("/", "_").replace(/=+$/, "");
}

function unpack(text) {
  try {
    const bytes = Uint8Array.from(atob((text ?? "").replaceAll("-", "+").replaceAll("_", "/")), (letter) => letter.charCodeAt(0));
    const documents = JSON.parse(new TextDecoder().decode(bytes));
    return Array.isArray(documents) ? documents : [];
  } catch {
    return []; // an address may say anything
  }
}

function count(text, least, most, otherwise) {
  const value = Number(text);
  return text && Number.isInteger(value) && value >= least && value <= most ? value : otherwise;
}

export const letterOf = (place) => String.fromCharCode(65 + place);

const daysOf = ({ from, to }) => Math.round((Date.parse(to) - Date.parse(from)) / 86400000);

// Two contracts that can be set against each other: of one currency, in force, their terms of one
// length. documents: of all that there are, by id.
export function usual(documents, today = new Date().toISOString().slice(0, 10)) {
  const alike = new Map();
  for (const [id, { currency, term }] of Object.entries(documents)) {
    if (!term?.from || !term.to || term.from > today || term.to <= today) continue;
    const key = `${currency} ${Math.round(daysOf(term) / 2)}`; // a leap day does not matter
    alike.set(key, [...(alike.get(key) ?? []), id]);
  }
  const most = [...alike.values()].sort((a, b) => b.length - a.length)[0] ?? Object.keys(documents);
  return most.slice(0, 2);
}

// chosen: ids of the contracts that are compared unless the address says which. Sides: {contract} or {document}, and as: the model that it is asked for, if it is said.
export function readAsked(query, chosen) {
  const documents = unpack(query.own);
  const wanted = query.c === undefined ? chosen : query.c.split(",").filter(Boolean);
  const models = (query.as ?? "").split(",");
  const sides = wanted.slice(0, MOST_SIDES).map((name, i) => (name.startsWith(IMAGINED)
    ? { document: documents[Number(name.slice(1))], as: models[i] } : { contract: name, as: models[i] }))
    .filter((side) => side.document || side.contract);
  const to = count(query.to, 1, 10000000, 60000);
  return {
    sides, to, at: Math.min(count(query.at, 0, 10000000, Math.round(to / 5)), to),
    days: count(query.days, 1, 366, 30), load: count(query.load, 10, 300, 100),
  };
}

// The changes of the address that say these sides.
export function writeSides(sides) {
  const documents = sides.filter((side) => side.document).map((side) => side.document);
  let imagined = 0;
  return {
    c: sides.map((side) => side.contract ?? `${IMAGINED}${imagined++}`).join(",") || ",",
    own: documents.length > 0 ? pack(documents) : "",
    as: sides.some((side) => side.as) ? sides.map((side) => side.as ?? "").join(",") : "",
  };
}

// What the contract names models for; [] when it takes any.
export function modelsOf(document) {
  const named = (document?.charges ?? []).flatMap((charge) => charge.models ?? []);
  return named.length > 0 && !named.includes("*") ? [...new Set(named)] : [];
}

// The question as the server takes it. served: the models of each side.
export function questionOf(asked, served, lines) {
  return {
    contracts: asked.sides.map((side, i) => {
      const model = side.as || served[i]?.[0];
      return { ...(side.contract ? { contract: side.contract } : { document: side.document }), ...(model && { as: { "*": model } }) };
    }),
    devices: { from: 0, to: asked.to }, at: asked.at, days: asked.days, load_percent: asked.load, loads: true, lines,
  };
}
