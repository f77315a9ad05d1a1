// text.js - every word on the screen comes through t(); the words of an area are a file in each language
//
// The language is the one chosen last in this browser, else the first of the browser's own that there
// is, else English. What a page says is one or more areas: text/AREA.LANGUAGE.js has their texts. The
// shell's come before anything is drawn, a page's before its module runs.
//
// In a text, {name} is filled in; {one, other} are plural forms chosen by n. Keys with a dot and a word
// of the API ("state.online") name that word.

const KEPT = "myna.language";
const LOCALES = { en: "en", zh: "zh-CN" };

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
  return wanted.map((tag) => tag.slice(0, 2).toLowerCase()).find((language) => language in LOCALES) || "en";
}

export const language = choose();
export const locale = LOCALES[language];

const texts = {};

// The texts of areas; whoever asks for one of them waits for this first.
export async function bring(...areas) {
  const modules = await Promise.all(areas.map((area) => import(`./text/${area}.${language}.js`)));
  Object.assign(texts, ...modules.map((module) => module.texts));
}

await bring("shell");

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

// The words of the API of a kind that have texts.
export const words = (kind) => Object.keys(texts).filter((key) => key.startsWith(`${kind}.`)).map((key) => key.slice(kind.length + 1));

// What a threshold of a contract is of: "cap:requests" and "spend" as people call them.
export function ofText(of) {
  return of.includes(":") ? of.replace(/^(cap|commitment):(.*)$/, (_, kind, name) => `${word("burn", kind)} ${givenName(name)}`) : word("metric", of);
}
