// virtual.js - a list that stays fluid with a hundred thousand rows: it is read page by page as it is
// scrolled, only the rows near the screen are drawn, and only the pages near the screen are read
// again when something changes
//
// The list's key is its order: a page is what follows the key of the page before. A page that was
// read again may have gained or lost rows; what reaches into the next page is cut off, what does not
// reach it makes a page of its own.

import { html, useEffect, useLayoutEffect, useRef, useState } from "../dom.js";
import { get, throttled } from "../api.js";
import { number } from "../format.js";
import { live } from "../live.js";
import { t } from "../text.js";
import { Empty, Failure, Stale } from "./states.js";
import { Row, Table } from "./table.js";

const PAGE = 200;
const ROW_PX = 44; // .virtual of app.css
const STEP = 5; // rows drawn change by so many at once
const BEYOND = 10; // rows drawn above and below the screen
const AHEAD = 400; // rows read before they are needed
const KEPT = 20; // pages kept: beyond them rows are forgotten and read again when they are seen

class Pages {
  pages = []; // {after, rows: [] or null, count, next, dirty}
  error = null;
  busy = false;
  at = null;
  #seen = [0, 60]; // rows on the screen
  #gone = false;

  constructor(path, query, changed) {
    Object.assign(this, { path, query, changed });
  }

  get count() {
    return this.pages.reduce((sum, page) => sum + page.count, 0);
  }

  get isWhole() {
    return this.pages.length > 0 && this.pages.at(-1).next === null;
  }

  stop() {
    this.#gone = true;
  }

  // The rows [from, to) are on the screen.
  see(from, to) {
    this.#seen = [from, to];
    this.#work();
  }

  // Everything is old; what is on the screen is read again.
  again = () => {
    this.error = null;
    for (const page of this.pages) page.dirty = true;
    return this.#work();
  };

  rows(from, to) {
    const out = [];
    let start = 0;
    for (const page of this.pages) {
      for (let i = Math.max(from, start); i < Math.min(to, start + page.count); i++) {
        out.push([i, page.rows?.[i - start] ?? null]);
      }
      start += page.count;
    }
    return out;
  }

  // The page that must be read next: one on the screen that is old or forgotten, or the next one.
  #wanted() {
    const [from, to] = this.#seen;
    let start = 0;
    for (const page of this.pages) {
      const isNear = start < to + BEYOND && start + page.count > from - BEYOND;
      if (isNear && (page.dirty || page.rows === null)) return page;
      start += page.count;
    }
    const last = this.pages.at(-1);
    if (!last) return { after: null, isNew: true };
    return last.next !== null && start < to + AHEAD ? { after: last.next, isNew: true } : null;
  }

  #forget() {
    const [from] = this.#seen;
    let start = 0;
    const here = this.pages.findIndex((page) => (start += page.count) > from);
    this.pages.forEach((page, i) => {
      if (Math.abs(i - here) > KEPT) page.rows = null;
    });
  }

  #take(wanted, { items, next }) {
    const page = { after: wanted.after, rows: items, count: items.length, next, dirty: false };
    if (wanted.isNew) {
      this.pages.push(page);
      return;
    }
    const place = this.pages.indexOf(wanted);
    const following = this.pages[place + 1];
    if (following && next !== null) {
      const end = items.findIndex(({ id }) => id === following.after);
      if (end >= 0) page.rows = items.slice(0, end + 1);
      else if (next > following.after) page.rows = items.filter(({ id }) => id <= following.after);
      else this.pages.splice(place + 1, 0, { after: next, rows: null, count: PAGE, next: following.after, dirty: true });
      page.next = this.pages[place + 1].after;
    } else if (following) {
      this.pages.length = place + 1; // the list ends here now
    }
    page.count = page.rows.length;
    this.pages[place] = page;
  }

  async #work() {
    if (this.busy || this.error || this.#gone) return;
    const wanted = this.#wanted();
    if (!wanted) return;
    this.busy = true;
    try {
      const { data } = await get(this.path, { ...this.query, limit: PAGE, after: wanted.after });
      this.#take(wanted, data);
      this.#forget();
      this.at = Date.now();
    } catch (problem) {
      this.error = problem;
    }
    this.busy = false;
    if (this.#gone) return;
    this.changed();
    await this.#work();
  }
}

// A list for VirtualTable. kinds: the events that make it old; gap_ms: how seldom it is read again.
export function usePages(path, { query, kinds, gap_ms = 2000 }) {
  const [, redraw] = useState(0);
  const key = JSON.stringify([path, query]);
  const pages = useRef(null);
  const last = useRef(null);
  if (last.current !== key) {
    pages.current?.stop();
    last.current = key;
    const made = new Pages(path, query, () => made === pages.current && redraw((n) => n + 1));
    pages.current = made;
  }
  useEffect(() => {
    const mine = pages.current;
    mine.see(0, 60);
    const again = throttled(mine.again, gap_ms);
    const leave = live.listen(kinds, again);
    return () => {
      leave();
      again.cancel();
    };
  }, [key]);
  useEffect(() => () => pages.current.stop(), []);
  return pages.current;
}

// On a phone rows are blocks of differing height: all that was read is drawn.
const isNarrow = () => matchMedia("(max-width: 719px)").matches;

function useScrolled(box, pages) {
  const [range, setRange] = useState([0, 40]);
  useLayoutEffect(() => {
    const look = () => {
      const body = box.current?.querySelector("tbody");
      if (!body) return;
      const { top, height } = body.getBoundingClientRect();
      const row_px = isNarrow() && pages.count > 0 ? Math.max(ROW_PX, height / pages.count) : ROW_PX;
      const from = Math.max(0, Math.floor(-top / row_px));
      const to = from + Math.ceil(innerHeight / row_px);
      pages.see(from, to);
      const drawn = isNarrow() ? [0, Infinity]
        : [Math.max(0, Math.floor((from - BEYOND) / STEP) * STEP), Math.ceil((to + BEYOND) / STEP) * STEP];
      setRange((old) => (old[0] === drawn[0] && old[1] === drawn[1] ? old : drawn));
    };
    let frame = 0;
    const later = () => {
      frame ||= requestAnimationFrame(() => {
        frame = 0;
        look();
      });
    };
    look();
    addEventListener("scroll", later, { passive: true });
    addEventListener("resize", later);
    return () => {
      removeEventListener("scroll", later);
      removeEventListener("resize", later);
      cancelAnimationFrame(frame);
    };
  }, [pages]);
  return range;
}

// One cell: it would make columns of those that a narrow screen hides, if it stretched over all of them.
const Gap = ({ rows }) => rows > 0 && html`<tr class="gap" aria-hidden="true"><td
  style=${{ height: `${rows * ROW_PX}px` }}></td></tr>`;

// What was drawn of a row is drawn again as it is while neither row nor columns changed: the view
// library skips what is the same object.
function useDrawn(columns, rowHref) {
  const drawn = useRef({});
  if (drawn.current.columns !== columns) drawn.current = { columns, rows: new WeakMap() };
  return (row, place) => {
    const known = row && drawn.current.rows.get(row);
    if (known?.place === place) return known.view;
    const view = html`<${Row} key=${row?.id ?? place} row=${row} columns=${columns} href=${row && rowHref(row)} place=${place} />`;
    if (row) drawn.current.rows.set(row, { place, view });
    return view;
  };
}

function Body({ pages, columns, rowHref, range: [from, to] }) {
  const { count } = pages;
  const draw = useDrawn(columns, rowHref);
  const rows = pages.rows(from, Math.min(to, count));
  return html`<${Gap} rows=${Math.min(from, count)} />
    ${rows.map(([place, row]) => draw(row, place))}
    <${Gap} rows=${count - Math.min(to, count)} />`;
}

// total: how many rows there are, where that is known; noun: the text of how many are shown.
export function VirtualTable({ pages, empty, noun, total, columns, label, rowHref, skeleton }) {
  const box = useRef(null);
  const range = useScrolled(box, pages);
  const { count, isWhole, error } = pages;
  if (pages.pages.length === 0 && error) return html`<div ref=${box}><${Failure} problem=${error} retry=${pages.again} /></div>`;
  if (isWhole && count === 0) return html`<div ref=${box}>${empty || html`<${Empty} title=${t("list.empty")} />`}</div>`;
  const state = { error, data: pages.pages, at: pages.at, reload: pages.again };
  const known = isWhole ? count : total;
  return html`<div class="virtual" ref=${box}><${Stale} state=${state} />
    <${Table} label=${label} columns=${columns} skeleton=${skeleton} count=${known ?? -1}
      rows=${pages.pages.length === 0 ? null : html`<${Body} pages=${pages} columns=${columns} rowHref=${rowHref} range=${range} />`} />
    ${count > 0 && html`<footer class="table-foot"><span class="muted" aria-live="polite">${isWhole
      ? t(noun, { n: number(count) }) : known ? t("list.read", { n: number(count), all: number(known) }) : t("list.read_some", { n: number(count) })}</span></footer>`}
  </div>`;
}
