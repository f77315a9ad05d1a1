// filter.js - a line in which a filter of robots is written: what is wrong stands below it while it is
// typed, and when nothing is, whom it means

import { html, useEffect, useId, useRef, useState } from "../dom.js";
import { get, useResource } from "../api.js";
import { t } from "../text.js";
import { complete, suggestions } from "./completion.js";
import { Field } from "./field.js";

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

const values = (field, part) => get("/filters/values", { field, part }).then(({ data }) => data.items, () => []);

const NOTHING = { items: [], at: -1 };

// What may come next where the caret stands at the end: {items, at, move, chosen, choose}. Keys come faster
// than pages are drawn, so what is chosen is kept beside what is shown. What could follow an earlier text
// is not offered: a choice in it would be gone with it.
function useCompletion(text, isOpen, onInput) {
  const fields = useResource("/filters/fields").data?.items;
  const now = useRef({ ...NOTHING, text });
  const [state, redraw] = useState(now.current);
  const become = (next) => {
    now.current = next;
    redraw(next);
  };
  useEffect(() => {
    if (!isOpen || !fields) {
      become({ ...NOTHING, text });
      return undefined;
    }
    let current = true;
    const timer = setTimeout(async () => {
      const items = await suggestions(text, fields, values);
      if (current) become({ items: items.slice(0, 12), at: -1, text });
    }, 120);
    return () => {
      current = false;
      clearTimeout(timer);
    };
  }, [text, isOpen, fields]);
  const offered = () => (now.current.text === text ? now.current : NOTHING);
  return {
    ...(state.text === text ? state : NOTHING),
    // around, with a place in between where nothing is chosen
    move: (by) => {
      const { items, at } = offered();
      become({ items, text, at: ((at + 1 + by + items.length + 1) % (items.length + 1)) - 1 });
    },
    chosen: () => offered().items[offered().at],
    choose: (item) => onInput(complete(text, item)),
  };
}

// Where the server's "at character 31" points, under the line.
function Caret({ text, error }) {
  const place = /^(?:at character|\u7b2c) (\d+)/.exec(error || "")?.[1];
  if (!place) return null;
  const at = Number(place) - 1;
  return html`<p class="caret" aria-hidden="true">${text.slice(0, at)}<mark>${text.slice(at, at + 1) || "\u00a0"}</mark>${text.slice(at + 1)}</p>`;
}

// What tells the fields' notes in the reader's language, once they are asked for: most who look at a list
// never filter it.
function useTeller(isWanted) {
  const [teller, setTeller] = useState(null);
  useEffect(() => {
    if (isWanted && !teller) import("../said.js").then(({ tell }) => setTeller({ tell }), () => {});
  }, [isWanted]);
  return teller?.tell ?? (() => "");
}

// use: "list" or "group". onInput hears what is typed, onGood only what can be read. Arrow keys choose
// among what may come next, Enter or Tab takes it, Escape leaves it.
export function FilterField({ value, use, hint, error, onInput, onGood, ...rest }) {
  const answer = usePreview(value, use);
  const [isOpen, setOpen] = useState(false);
  const { items, at, move, chosen, choose } = useCompletion(value, isOpen, onInput);
  const list = useId();
  const input = useRef(null);
  const tell = useTeller(isOpen);
  useEffect(() => {
    if (onGood && (answer.preview || !value.trim())) onGood(value.trim());
  }, [answer.preview, value]);
  const take = (item) => {
    choose(item);
    input.current?.focus();
  };
  const onKeyDown = (event) => {
    if (event.key === "ArrowDown" || event.key === "ArrowUp") {
      if (!isOpen) setOpen(true);
      else if (items.length > 0) move(event.key === "ArrowDown" ? 1 : -1);
    } else if ((event.key === "Enter" || event.key === "Tab") && isOpen && chosen()) take(chosen());
    else if (event.key === "Escape" && isOpen) setOpen(false);
    else return;
    event.preventDefault();
    event.stopPropagation();
  };
  const shown = isOpen && items.length > 0;
  const problem = answer.error || (answer.preview ? "" : error);
  return html`<${Field} label=${t("filter")} hint=${answer.preview ? meaning(answer.preview) : hint} error=${problem}>${(attributes) => html`
    <div class="completed"><input class="input" type="text" ref=${input} value=${value} placeholder=${t("filter.example")} ...${attributes}
      role="combobox" aria-autocomplete="list" aria-expanded=${shown} aria-controls=${list}
      aria-activedescendant=${shown && at >= 0 ? `${list}-${at}` : undefined}
      onInput=${(event) => {
        setOpen(true);
        onInput(event.target.value);
      }} onFocus=${() => setOpen(true)} onBlur=${() => setOpen(false)} onKeyDown=${onKeyDown}
      autocomplete="off" autocapitalize="off" spellcheck="false" maxlength="1000" ...${rest} />
    <${Caret} text=${value} error=${problem} />
    <ul id=${list} class="choices" role="listbox" aria-label=${t("filter.next")} hidden=${!shown}>
      ${items.map((item, i) => html`<li key=${item.text} id="${list}-${i}" role="option" aria-selected=${i === at}
        onMouseDown=${(event) => {
          event.preventDefault();
          take(item);
        }}><code>${item.text}</code>${item.note && html`<span class="muted">${tell(item.note)}</span>`}
        ${item.robots !== undefined && html`<span class="muted">${t("robots.n", { n: item.robots })}</span>`}</li>`)}</ul></div>`}</${Field}>`;
}
