// filter.js - a line in which a filter of robots is written: what is wrong stands below it while it is
// typed, and when nothing is, whom it means

import { html, useEffect, useState } from "../dom.js";
import { get } from "../api.js";
import { t } from "../text.js";
import { TextField } from "./field.js";

const PAUSE_MS = 300;

// What the server says of a filter, asked when typing pauses: {text, preview} or {text, error}.
function usePreview(text, use) {
  const [answer, setAnswer] = useState({ text: "" });
  useEffect(() => {
    if (!text.trim()) {
      setAnswer({ text });
      return undefined;
    }
    let current = true;
    const timer = setTimeout(async () => {
      try {
        const { data } = await get("/filters/preview", { filter: text, use });
        if (current) setAnswer({ text, preview: data });
      } catch (problem) {
        if (current) setAnswer({ text, error: problem.at("?filter") || problem.message });
      }
    }, PAUSE_MS);
    return () => {
      current = false;
      clearTimeout(timer);
    };
  }, [text, use]);
  return answer.text === text ? answer : { text };
}

function meaning(preview) {
  const names = preview.first.slice(0, 3).map(({ id, name }) => name || id).join(", ");
  return t("filter.means", { n: preview.devices, names: preview.devices > 3 ? `${names} \u2026` : names });
}

// use: "list" or "group". onInput hears what is typed, onGood only what can be read.
export function FilterField({ value, use, hint, error, onInput, onGood, ...rest }) {
  const answer = usePreview(value, use);
  useEffect(() => {
    if (onGood && (answer.preview || !value.trim())) onGood(value.trim());
  }, [answer.preview, value]);
  return html`<${TextField} label=${t("filter")} value=${value} onInput=${onInput} placeholder=${t("filter.example")}
    hint=${answer.preview ? meaning(answer.preview) : hint} error=${answer.error || (answer.preview ? "" : error)}
    autocomplete="off" autocapitalize="off" spellcheck="false" maxlength="1000" ...${rest} />`;
}
