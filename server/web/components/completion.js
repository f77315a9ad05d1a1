// completion.js - what may come next in a filter: fields, comparisons, values, "and" and "or"
//
// Only as much of the grammar (schema/FILTER.md) as that takes. What is wrong is the server's to say.

const TOKEN = /labels\."(?:[^"\\]|\\.)*"?|"(?:[^"\\]|\\.)*"?|'(?:[^'\\]|\\.)*'?|<=|>=|!=|[=<>(),]|[^\s=<>!(),"']+|!/g;
const OPERATORS = {
  text: ["=", "!=", "in (", "contains", "starts"], label: ["=", "!=", "<", "<=", ">", ">=", "in (", "contains", "starts"],
  choice: ["=", "!=", "in ("], count: ["=", "!=", "<", "<=", ">", ">="], money: ["<", "<=", ">", ">="],
  age: ["<", "<=", ">", ">="], version: ["=", "!=", "<", "<=", ">", ">=", "in ("],
};
const AGES = ["15m", "1h", "1d", "1w"];
const COMPARISONS = new Set(["=", "!=", "<", "<=", ">", ">=", "contains", "starts"]);

// The tokens of text; the last is what is being typed, "" behind a blank or a bracket.
function split(text) {
  const tokens = [...text.matchAll(TOKEN)].map(([token]) => token);
  const open = tokens.at(-1);
  const isTyped = open !== undefined && !/[\s(,=<>]$/.test(text) && !(/["']$/.test(open) && open.length > 1);
  return { before: isTyped ? tokens.slice(0, -1) : tokens, typed: isTyped ? open : "" };
}

const fieldOf = (word, fields) => fields.find(({ name }) => name === word || (name === "labels" && /^labels\../.test(word)));

// What is expected behind these tokens: {kind: "term" | "operator" | "value" | "joint", word, field}.
export function expected(before, fields) {
  let state = { kind: "term" };
  let isList = false;
  for (const token of before) {
    const small = token.toLowerCase();
    if (state.kind === "term") {
      if (small === "not" || small === "(" || small === "and" || small === "or") continue;
      const field = fieldOf(token, fields);
      state = !field ? { kind: "unknown" } : { kind: field.type === "flag" ? "joint" : "operator", word: token, field };
    } else if (state.kind === "operator") {
      if (COMPARISONS.has(small)) state = { ...state, kind: "value" };
      else if (small === "(") [state, isList] = [{ ...state, kind: "value" }, true];
    } else if (state.kind === "value" || state.kind === "listed") {
      if (small === ")") [state, isList] = [{ kind: "joint" }, false];
      else if (small === ",") state = { ...state, kind: "value" };
      else state = { ...state, kind: isList ? "listed" : "joint" };
    } else if (state.kind === "joint" && (small === "and" || small === "or")) {
      state = { kind: "term" };
    }
  }
  return state;
}

const quoted = (value) => (/^[\p{L}\p{N}_.\-:/+@%]+$/u.test(value) ? value : `"${value.replaceAll(/["\\]/g, "\\$&")}"`);
const unquoted = (text) => text.replace(/^["']/, "").replaceAll(/\\(.)/g, "$1");

// What may stand where text ends: [{text, note}...]. values(field, part) asks the server.
export async function suggestions(text, fields, values) {
  const { before, typed } = split(text);
  const state = expected(before, fields);
  const part = unquoted(typed).toLowerCase();
  const fits = (all) => all.filter((one) => one.text.toLowerCase().startsWith(part) && one.text !== typed);
  const words = (all) => fits(all.map((one) => ({ text: one, note: "" })));
  if (state.kind === "term" && part.startsWith("labels.")) {
    const names = await values("labels", part.slice("labels.".length).replace(/^"/, ""));
    return names.map(({ value, robots }) => ({ text: `labels.${quoted(value)}`, robots }));
  }
  if (state.kind === "term") {
    return fits([...fields.map(({ name, help }) => ({ text: name === "labels" ? "labels." : name, note: help, isOpen: name === "labels" })),
      { text: "not", note: "" }]);
  }
  if (state.kind === "operator") return words(OPERATORS[state.field.type] || []);
  if (state.kind === "joint") return words(["and", "or"]);
  if (state.kind === "listed") return words([",", ")"]);
  if (state.kind !== "value") return [];
  if (state.field.type === "choice") return words(state.field.choices);
  if (state.field.type === "age") return words(AGES);
  const found = await values(state.word.replace(/^labels\."?(.*?)"?$/, "labels.$1"), unquoted(typed));
  return found.map(({ value, robots }) => ({ text: quoted(value), robots }));
}

// The text with what is being typed replaced.
export function complete(text, { text: chosen, isOpen }) {
  const { typed } = split(text);
  const head = text.slice(0, text.length - typed.length);
  const gap = head && !/[\s(]$/.test(head) ? " " : "";
  return `${head}${gap}${chosen}${isOpen || chosen.endsWith("(") ? "" : " "}`;
}
