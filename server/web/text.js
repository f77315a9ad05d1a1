// text.js - every word on the screen comes through t(); a language is one module of texts

import { texts, locale } from "./text.en.js";

export { locale };

const plurals = new Intl.PluralRules(locale);

// The text of key with {name} replaced by values.name. A text with plural forms is chosen by
// values.n. A key without a text shows itself, so that a gap is seen and nothing breaks.
export function t(key, values = {}) {
  let text = texts[key];
  if (text === undefined) return key;
  if (typeof text === "object") text = text[plurals.select(Number(values.n))] ?? text.other;
  return text.replace(/\{(\w+)\}/g, (whole, name) => values[name] ?? whole);
}

// The text for a word of the API ("online", "vendor_final"); the word itself when there is none.
export function word(kind, value) {
  const text = texts[`${kind}.${value}`];
  return text ?? String(value ?? "").replaceAll("_", " ");
}
