// plot.js - uPlot in the page's colours and width

import { html, useEffect, useRef, useState } from "../dom.js";
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

// options(axis) answers uPlot's options without size; drawn anew when version changes, otherwise
// only the data is. label says in words what the picture shows.
export function Plot({ data, options, version, label, height = 240 }) {
  const box = useRef(null);
  const plot = useRef(null);
  const scheme = useScheme();

  useEffect(() => {
    if (!box.current) return undefined; // the page was left before it was drawn
    const width = box.current.clientWidth;
    plot.current = new uPlot({ width, height, ...options(axis) }, data, box.current);
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

  return html`<div class="plot" ref=${box} role="img" aria-label=${label}
    style=${{ minHeight: `${height}px` }}></div>`;
}
