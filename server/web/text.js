// text.js - every word on the screen comes through t(); a language is one module of texts
//
// The language is the one chosen last in this browser, else the first of the browser's own that there
// is, else English. Only its module is loaded, before any page is drawn.

const KEPT = "myna.language";
const MODULES = { en: () => import("./text.en.js"), zh: () => import("./text.zh.js") };

// Each in its own words, for who cannot read the present one.
export const languages = [["en", "English"], ["zh", "\u4e2d\u6587"]];

function kept() {
  try {
    return localStorage.getItem(KEPT);
  } catch {
    return null; // a browser may forbid it
  }
}

function choose() {
  const wanted = [kept(), ...(navigator.languages ?? [])].filter(Boolean);
  return wanted.map((tag) => tag.slice(0, 2).toLowerCase()).find((language) => language in MODULES) || "en";
}

export const language = choose();

const { texts, locale } = await MODULES[language]();

export { locale };

// Words are all over the page: it is drawn anew. A browser that may keep nothing goes on by its own
// languages.
export function speak(next) {
  try {
    localStorage.setItem(KEPT, next);
  } catch {
    return;
  }
  location.reload();
}

const plurals = new Intl.PluralRules(locale);

// The text of key with {name} replaced by values.name. A text with plural forms is chosen by
// values.n. A key without a text shows itself, so that a gap is seen and nothing breaks.
export function t(key, values = {}) {
  let text = texts[key];
  if (text === undefined) return key;
  if (typeof text === "object") text = text[plurals.select(Number(values.n))] ?? text.other;
  return text.replace(/\{(\w+)\}/g, (whole, name) => values[name] ?? whole);
}

// A name that a contract gave, in the reader's language where it is one of our words too.
export function givenName(name) {
  const kind = ["metric", "per", "term"].find((one) => `${one}.${name}` in texts);
  return kind ? word(kind, name) : name;
}

// The text for a word of the API ("online", "vendor_final"); the word itself when there is none.
export function word(kind, value) {
  const text = texts[`${kind}.${value}`];
  return text ?? String(value ?? "").replaceAll("_", " ");
}
