// document.js - a contract's document as text and back, with the place of each of its parts
//
// The part of YAML that contracts are written in: block and flow mappings and lists, plain and quoted
// scalars, comments. JSON is a part of that. Scalars are what mynactl takes them for: whole numbers,
// true, false, null, else text, so that no amount ever becomes a binary fraction.

import { t } from "../../text.js";

// What is wrong with the text itself; line from 1, from and to in characters.
export class Fault extends Error {
  constructor(key, reader, at, values) {
    super(t(`yaml.${key}`, values));
    Object.assign(this, { line: reader.lineAt(at), from: at, to: Math.max(at + 1, reader.lineEnd(at)) });
  }
}

const KEY = /^(?:"((?:[^"\\]|\\.)*)"|'((?:[^']|'')*)'|([^\s"'#,[\]{}&*!|>%@`-][^#,[\]{}]*?|-[^\s#,[\]{}][^#,[\]{}]*?))\s*:(?=\s|$)/;

export function scalar(text) {
  if (text === "" || text === "~" || text === "null") return null;
  if (/^(true|True|TRUE)$/.test(text)) return true;
  if (/^(false|False|FALSE)$/.test(text)) return false;
  return /^-?\d+$/.test(text) && String(Number(text)) === text ? Number(text) : text;
}

class Reader {
  constructor(text) {
    this.text = text;
    this.at = 0;
    this.places = new Map();
  }

  lineAt(at) { return this.text.slice(0, at).split("\n").length; }
  lineStart(at) { return this.text.lastIndexOf("\n", at - 1) + 1; }
  lineEnd(at) {
    const end = this.text.indexOf("\n", at);
    return end < 0 ? this.text.length : end;
  }

  column() { return this.at - this.lineStart(this.at); }
  rest() { return this.text.slice(this.at, this.lineEnd(this.at)); }
  fail(key, values, at = this.at) { throw new Fault(key, this, at, values); }

  // Over spaces and a comment on this line; whether it ends there.
  endsLine() {
    while (this.text[this.at] === " " || this.text[this.at] === "\r") this.at++;
    if (this.text[this.at] === "#" && (this.at === 0 || /\s/.test(this.text[this.at - 1]))) this.at = this.lineEnd(this.at);
    return this.at >= this.text.length || this.text[this.at] === "\n";
  }

  // To the first character of the next line that says something; its column, -1 at the end.
  next() {
    while (this.endsLine()) {
      if (this.at >= this.text.length) return -1;
      this.at++;
    }
    if (this.text[this.at] === "\t" && !this.text.slice(this.lineStart(this.at), this.at).trim()) this.fail("tab");
    return this.column();
  }

  keep(pointer, from) { this.places.set(pointer, { line: this.lineAt(from), from, to: Math.max(this.at, from + 1) }); }

  add(map, key, pointer, from) {
    if (Object.hasOwn(map, key)) this.fail("twice", { key }, from);
    return `${pointer}/${key.replaceAll("~", "~0").replaceAll("/", "~1")}`;
  }

  block(indent, pointer) {
    const from = this.at;
    const value = /^-(\s|$)/.test(this.rest()) ? this.list(indent, pointer) : KEY.test(this.rest()) ? this.map(indent, pointer) : this.inline(pointer);
    this.places.has(pointer) || this.keep(pointer, from);
    return value;
  }

  list(indent, pointer) {
    const items = [];
    do {
      if (!/^-(\s|$)/.test(this.rest())) this.fail("item");
      const place = `${pointer}/${items.length}`;
      const from = this.at++;
      items.push(this.endsLine() ? this.below(indent, place) : this.block(this.column(), place));
      this.keep(place, from);
      this.closeLine();
    } while (this.next() === indent && /^-(\s|$)/.test(this.rest()));
    if (this.next() > indent) this.fail("indent");
    return items;
  }

  map(indent, pointer) {
    const map = {};
    do {
      const found = KEY.exec(this.rest());
      if (!found) this.fail("key");
      const from = this.at;
      const key = found[1] !== undefined ? JSON.parse(`"${found[1]}"`) : found[2]?.replaceAll("''", "'") ?? found[3];
      const place = this.add(map, key, pointer, from);
      this.at += found[0].length;
      map[key] = this.endsLine() ? this.below(indent, place, true) : this.inline(place);
      this.keep(place, from);
      this.closeLine();
    } while (this.next() === indent && !/^-(\s|$)/.test(this.rest()));
    if (this.next() > indent) this.fail("indent");
    return map;
  }

  // What stands on the lines below a key or dash; a key's list may stand as far left as the key.
  below(indent, pointer, isKey = false) {
    const column = this.next();
    if (column > indent || (isKey && column === indent && /^-(\s|$)/.test(this.rest()))) return this.block(column, pointer);
    return null;
  }

  closeLine() {
    if (this.text[this.at - 1] === "\n" || this.column() === this.indentHere()) return; // a block was read: its end is a line's
    if (!this.endsLine()) this.fail("rest", { rest: this.rest() });
  }

  indentHere() { return /^ */.exec(this.text.slice(this.lineStart(this.at)))[0].length; }

  inline(pointer) {
    const from = this.at;
    const value = this.flow(pointer, false);
    this.keep(pointer, from);
    return value;
  }

  flow(pointer, inside) {
    const first = this.text[this.at];
    if (first === "{") return this.flowMap(pointer);
    if (first === "[") return this.flowList(pointer);
    if (first === '"' || first === "'") return this.quoted(first);
    if ("&*!|>%@`".includes(first ?? " ")) this.fail("unknown", { sign: first });
    return scalar(this.plain(inside));
  }

  plain(inside) {
    const from = this.at;
    const end = this.lineEnd(from);
    while (this.at < end) {
      const sign = this.text[this.at];
      if (sign === "#" && /\s/.test(this.text[this.at - 1])) break;
      if (sign === ":" && (this.at + 1 >= end || /[\s,\]}]/.test(this.text[this.at + 1]))) {
        if (inside) break;
        this.fail("colon");
      }
      if (inside && ",[]{}".includes(sign)) break;
      this.at++;
    }
    const raw = this.text.slice(from, this.at);
    this.at = from + raw.trimEnd().length;
    return raw.trim();
  }

  quoted(quote) {
    const from = this.at++;
    while (this.text[this.at] !== quote || (quote === "'" && this.text[this.at + 1] === "'")) {
      if (this.at >= this.text.length || this.text[this.at] === "\n") this.fail("quote", {}, from);
      this.at += (quote === '"' && this.text[this.at] === "\\") || this.text[this.at] === quote ? 2 : 1;
    }
    const inside = this.text.slice(from + 1, this.at++);
    if (quote === "'") return inside.replaceAll("''", "'");
    try {
      return JSON.parse(`"${inside}"`);
    } catch {
      return this.fail("escape", {}, from);
    }
  }

  // Over spaces, comments and ends of lines within brackets.
  gap(open) {
    while (this.endsLine()) {
      if (this.at >= this.text.length) this.fail("open", { sign: this.text[open] }, open);
      this.at++;
    }
    while (this.text[this.at] === "\t") this.at++;
  }

  separator(open, close) {
    this.gap(open);
    if (this.text[this.at] === ",") this.at++;
    else if (this.text[this.at] !== close) this.fail("comma");
    this.gap(open);
  }

  flowList(pointer) {
    const open = this.at++;
    const items = [];
    for (this.gap(open); this.text[this.at] !== "]"; this.separator(open, "]")) {
      const place = `${pointer}/${items.length}`;
      const from = this.at;
      if (this.text[from] === ",") this.fail("comma");
      items.push(this.flow(place, true));
      this.keep(place, from);
    }
    this.at++;
    return items;
  }

  flowMap(pointer) {
    const open = this.at++;
    const map = {};
    for (this.gap(open); this.text[this.at] !== "}"; this.separator(open, "}")) {
      const from = this.at;
      const key = `"'`.includes(this.text[from]) ? this.quoted(this.text[from]) : this.plain(true);
      this.gap(open);
      if (key === "" || this.text[this.at] !== ":") this.fail("flow_key", {}, from);
      this.at++;
      const place = this.add(map, key, pointer, from);
      this.gap(open);
      map[key] = ",}".includes(this.text[this.at]) ? null : this.flow(place, true);
      this.keep(place, from);
    }
    this.at++;
    return map;
  }
}

// {value, placeOf(pointer)}; throws Fault. placeOf answers {line, from, to} of the part, or of the
// nearest one around it.
export function readDocument(text) {
  const reader = new Reader(text);
  let column = reader.next();
  if (column === 0 && /^---(\s|$)/.test(reader.rest())) {
    reader.at += 3;
    column = reader.next();
  }
  if (column < 0) reader.fail("empty");
  const value = reader.block(column, "");
  if (reader.next() >= 0) reader.fail("after");
  if (value === null || typeof value !== "object" || Array.isArray(value)) reader.fail("no_members", {}, 0);
  return { value, placeOf };

  function placeOf(pointer) {
    for (let at = pointer; at !== ""; at = at.slice(0, at.lastIndexOf("/"))) {
      if (reader.places.has(at)) return reader.places.get(at);
    }
    return { line: 1, from: 0, to: reader.lineEnd(0) };
  }
}

// ---- writing ----

const ORDER = ["contract", "vendor", "currency", "zone", "term", "grace_days", "third_party_models", "effective_from", "counters", "charges", "commitments", "caps", "thresholds",
  "name", "from", "to", "kind", "of", "limit", "metric", "models", "measured", "at_most", "at_least", "hard", "amount", "per", "up_to", "price", "unit", "prices", "tiers",
  "input", "input_uncached", "input_cached", "cache_write_5m", "cache_write_1h", "output", "reasoning", "at", "forecast", "rate", "do"];
const WIDTH = 120;

const place = (name) => (ORDER.indexOf(name) + 1 || ORDER.length + 1);
const sorted = (map) => Object.entries(map).sort(([a], [b]) => place(a) - place(b));

function text(value) {
  if (typeof value !== "string") return JSON.stringify(value);
  const isPlain = /^[A-Za-z_/][\w/.+ -]*$/.test(value) && !value.endsWith(" ") && typeof scalar(value) === "string";
  return isPlain || /^\d{4}-\d\d-\d\d$/.test(value) ? value : JSON.stringify(value);
}

function flow(value) {
  if (Array.isArray(value)) return `[${value.map(flow).join(", ")}]`;
  if (value && typeof value === "object") return `{${sorted(value).map(([name, one]) => `${text(name)}: ${flow(one)}`).join(", ")}}`;
  return text(value);
}

const isBox = (value) => value !== null && typeof value === "object";
const fits = (value, indent) => !isBox(value) || flow(value).length + indent <= WIDTH;

function lines(value, indent) {
  const space = " ".repeat(indent);
  if (Array.isArray(value)) {
    return value.flatMap((one) => (fits(one, indent + 2) ? [`${space}- ${flow(one)}`]
      : [`${space}- ${lines(one, indent + 2).join("\n").trimStart()}`]));
  }
  return sorted(value).flatMap(([name, one]) => {
    const isList = Array.isArray(one) && one.some(isBox) && (indent === 0 || !fits(one, indent + name.length + 2));
    return !isList && fits(one, indent + name.length + 2) ? [`${space}${text(name)}: ${flow(one)}`] : [`${space}${text(name)}:`, ...lines(one, indent + 2)];
  });
}

// The document as people write it: one entry of a list a line where it fits.
export function writeDocument(value) {
  return `${lines(value, 0).join("\n")}\n`;
}
