// said.js - what the server says, in the reader's language
//
// Alerts and reasons come with an English sentence, and with the code and the parameters that it was
// made of. Where the reader's language has a sentence for the code, that is filled in; else the
// server's own stands. Sentences are written as the server's (server/store/alert_words.c): {path} is
// a number, grouped, or a text; {path#} as it is; {path%} a share in percent; {path~} seconds in
// words; {+path} and {-path} show nothing. What stands in [brackets] is left out when one of its gaps
// has nothing to fill it, or zero.
//
// Everything else that it says comes as a sentence alone: refusals, findings, what a robot answered,
// also what was stored long ago or by another version. Such a sentence is its own code: tell()
// recognises its form among those that told.zh.js knows, and fills their translation with what stood
// in its gaps, told in turn.

import { duration, number, percent, plain } from "./format.js";
import { language, word } from "./text.js";

const MODULES = { zh: () => import("./said.zh.js") };

const sentences = await MODULES[language]?.();

const KEPT = 500; // what was told is mostly told again
const LONG = 600; // no sentence of the server is
const GAP = /\\\{\\\}/g;
const known = new Map();

// [{form, names, text}...], what is most particular first. A sentence that begins with a blank is the
// tail of another one, one that ends with a blank is the head of a list. names: which of its gaps
// stand in quotes, and so hold names.
function compile(all) {
  return Object.entries(all).sort(([a], [b]) => b.replaceAll("{}", "").length - a.replaceAll("{}", "").length).map(([english, text]) => {
    const whole = `${english.startsWith(" ") ? "{}" : ""}${english}${english.endsWith(" ") ? "{}" : ""}`;
    const inner = whole.replaceAll(/[.*+?^${}()|[\]\\]/g, "\\$&").replaceAll(GAP, "([^]*?)");
    const names = whole.split("{}").slice(0, -1).map((before) => before.endsWith('"'));
    return { form: new RegExp(`^${inner}$`), names, text, isTail: english.startsWith(" "), isHead: english.endsWith(" ") };
  });
}

let forms = null;

function recognise(said) {
  forms ??= compile({ ...sentences.parts, ...sentences.told });
  for (const { form, names, text, isTail, isHead } of forms) {
    const gaps = form.exec(said)?.slice(1).map((gap, n) => (names[n] ? gap : tell(gap)));
    if (!gaps) continue;
    const before = isTail ? gaps.shift() : "";
    const after = isHead ? gaps.pop() : "";
    return before + text.replaceAll(/\{(\d)\}/g, (_, n) => gaps[n - 1] ?? "") + after;
  }
  return null;
}

// A list of sentences: all of its items, or none.
function asList(said) {
  const items = said.split(", ");
  const told = items.length > 1 ? items.map(recognise) : [null];
  return told.includes(null) ? null : told.join("\uff0c");
}

// Classes of vendors' errors, which stand before what a robot says of one.
const CLASSES = ["rate", "busy", "quota", "money", "auth", "content", "request", "net"];
const tellHead = (head) => (CLASSES.includes(head) ? word("error", head) : tell(head));

// Two sentences in a row, and "who: what": each part by itself.
function inParts(said) {
  for (const [mark, joint] of [["; ", "\uff1b"], [": ", "\uff1a"]]) {
    const at = said.indexOf(mark);
    if (at < 0) continue;
    const [head, tail] = [said.slice(0, at), said.slice(at + mark.length)];
    if (tellHead(head) !== head || tell(tail) !== tail) return tellHead(head) + joint + tell(tail);
  }
  return null;
}

// What the server said, in the reader's language; a sentence that is not known there stays as it is.
export function tell(said) {
  if (!sentences || !said || said.length > LONG || !/[a-z]/.test(said)) return said;
  if (!known.has(said)) {
    if (known.size >= KEPT) known.clear();
    known.set(said, asList(said) ?? recognise(said) ?? inParts(said) ?? said);
  }
  return known.get(said);
}

const told = (list) => list.filter((item) => item !== "alert"); // which goes without saying among what was done
const isNothing = (value) => value === undefined || value === null || value === "" || value === 0 || (Array.isArray(value) && told(value).length === 0);
const isNumber = (value) => value !== "" && !Number.isNaN(Number(value));

// Whole units, as people tell them: 5400 seconds are one hour.
function spanOf(seconds) {
  const unit = [86400, 3600, 60].find((size) => seconds >= 2 * size) ?? 1;
  return duration(Math.floor(seconds / unit) * unit);
}

function shown(value, form) {
  if (Array.isArray(value)) return told(value).map(tell).join(", ");
  if (typeof value === "object") return JSON.stringify(value);
  if (form === "%") return percent(Number(value));
  if (form === "~") return spanOf(Number(value));
  if (form === "#" || !isNumber(value)) return String(value).includes(" ") ? tell(String(value)) : String(value);
  return Math.abs(Number(value)) >= 1 ? plain(value) : number(value) === "0" ? plain(value, 6) : number(value);
}

// [text, whether no gap was left without anything, where it ended]
function render(sentence, from, values) {
  let text = "";
  let whole = true;
  let at = from;
  while (at < sentence.length && sentence[at] !== "]") {
    if (sentence[at] === "[") {
      const [part, isWhole, end] = render(sentence, at + 1, values);
      if (isWhole) text += part;
      at = end + 1;
    } else if (sentence[at] === "{") {
      const end = sentence.indexOf("}", at);
      const [, sign, path, form] = /^([+-]?)([\w.]+)([#%~]?)$/.exec(sentence.slice(at + 1, end));
      const value = path.split(".").reduce((value, name) => value?.[name], values);
      if (sign !== "-" && isNothing(value)) whole = false;
      if (!sign) text += isNothing(value) ? "?" : shown(value, form);
      at = end + 1;
    } else {
      text += sentence[at++];
    }
  }
  return [text, whole, at];
}

export const fill = (sentence, values) => render(sentence, 0, values)[0].trim();

// What happened, of an alert.
export function wordsOf(alert) {
  const sentence = sentences?.words[alert.kind];
  return sentence && alert.words ? fill(sentence, alert.detail ?? {}) || tell(alert.words) : alert.words;
}

// What to do about it. {} in a sentence is whom it is about.
export function cureOf(alert) {
  const [scope, ...id] = alert.subject.split("/");
  const sentence = sentences?.cures[`${alert.kind}/${scope}`] ?? sentences?.cures[alert.kind];
  return sentence?.replaceAll("{}", id.join("/")) ?? alert.cure;
}

// Why a robot is not current.
export function reasonOf({ code, text, parameters = {} }) {
  const sentence = sentences?.reasons[code];
  return sentence ? fill(sentence, parameters) || tell(text) : text;
}
