// plot.js - uPlot in the page's colours and width, with what stands at the pointer or where arrow keys lead

import { html, useEffect, useRef, useState } from "../dom.js";
import { t } from "../text.js";
import uPlot from "../lib/uplot.js";

const SERIES = 6;

export const bars = uPlot.paths.bars({ size: [0.6, 72] });

function colour(name) {
  return getComputedStyle(document.documentElement).getPropertyValue(name).trim();
}

export function seriesColour(index) {
  return colour(`--series-${(index % SERIES) + 1}`);
}

// Redraws when the system changes between light and dark.
function useScheme() {
  const [scheme, setScheme] = useState(0);
  useEffect(() => {
    const media = matchMedia("(prefers-color-scheme: dark)");
    const fn = () => setScheme((n) => n + 1);
    media.addEventListener("change", fn);
    return () => media.removeEventListener("change", fn);
  }, []);
  return scheme;
}

// The times that points span, and half an hour to each side of what spans less. Of one point alone uPlot
// asks for years behind it.
export function timesShown(plot, low, last) {
  const least = 1800;
  const high = plot.data[0].length > 1 ? last : low;
  return high - low < 2 * least ? [(low + high) / 2 - least, (low + high) / 2 + least] : [low, high];
}

function axis(extra) {
  return {
    stroke: colour("--ink-2"), font: `12px ${colour("--font")}`,
    grid: { stroke: colour("--line"), width: 1 }, ticks: { show: false }, gap: 8, ...extra,
  };
}

// Where a key leads from a place; undefined: nowhere.
const KEYS = {
  ArrowLeft: (at, last) => (at === null ? last : Math.max(0, at - 1)),
  ArrowRight: (at, last) => (at === null ? 0 : Math.min(last, at + 1)),
  Home: () => 0,
  End: (at, last) => last,
  Escape: () => null,
};

// A place that is pointed at stands there as a line; null: none.
function pointTo(plot, at) {
  if (at === null) plot.setCursor({ left: -10, top: -10 });
  else plot.setCursor({ left: plot.valToPos(plot.data[0][at], "x"), top: 0 });
}

// All plots point alike: a line at the pointer, and Plot says which place it is.
function pointing(options, onPoint) {
  return { ...options, legend: { show: false },
    cursor: { y: false, drag: { x: false, y: false }, ...options.cursor, points: { show: false } },
    hooks: { ...options.hooks, setCursor: [(plot) => onPoint(plot.cursor.left < 0 ? null : plot.cursor.idx ?? null)] } };
}

function Reading({ said, keyed, unseen }) {
  const [at, ...values] = said ?? [];
  return html`<p class=${unseen ? "unseen" : "sub plot-reading"} aria-live=${keyed ? "polite" : "off"}>${said
    ? html`<b>${at}</b> ${values.filter(Boolean).join(", ")}` : "\u00a0"}</p>`;
}

// options(axis) answers uPlot's options without size; drawn anew when version changes, otherwise
// only the data is. label says in words what the picture shows. reading(i): what stands at a place of the data,
// [when, ...values], as the pointer or the arrow keys choose it; unseen: the page shows it itself, by onPoint(i).
export function Plot({ data, options, version, label, height = 240, reading, onPoint, unseen = false }) {
  const box = useRef(null);
  const plot = useRef(null);
  const scheme = useScheme();
  const [at, setAt] = useState(null);
  const [keyed, setKeyed] = useState(false);
  const moved = useRef(null);
  moved.current = (i) => {
    setAt(i);
    onPoint?.(i);
  };

  useEffect(() => {
    if (!box.current) return undefined; // the page was left before it was drawn
    const width = box.current.clientWidth;
    plot.current = new uPlot({ width, height, ...pointing(options(axis), (i) => moved.current(i)) }, data, box.current);
    const observer = new ResizeObserver(() => {
      if (box.current) plot.current.setSize({ width: box.current.clientWidth, height });
    });
    observer.observe(box.current);
    return () => {
      observer.disconnect();
      plot.current.destroy();
    };
  }, [version, scheme]);

  useEffect(() => {
    plot.current?.setData(data);
  }, [data]);

  const onKeyDown = (event) => {
    const to = KEYS[event.key]?.(at, data[0].length - 1);
    if (to === undefined || data[0].length === 0) return;
    event.preventDefault();
    setKeyed(true);
    pointTo(plot.current, to);
  };
  const leave = () => {
    setKeyed(false);
    if (plot.current) pointTo(plot.current, null);
  };
  return html`<div class="plot" ref=${box} role="img" aria-label=${label} tabindex="0" aria-description=${t("plot.keys")} aria-keyshortcuts="ArrowLeft ArrowRight Home End Escape"
      style=${{ minHeight: `${height}px` }} onKeyDown=${onKeyDown} onBlur=${leave} onMouseMove=${() => keyed && setKeyed(false)}></div>
    <${Reading} said=${at !== null && at < data[0].length ? reading(at) : null} keyed=${keyed} unseen=${unseen} />`;
}
