// icons.js - line icons on a 16 unit square, drawn in the text's colour; decoration, so hidden
// from screen readers: the words beside them say it

import { html } from "../dom.js";

const PATHS = {
  fleet: "M3.5 4.5h9a1.5 1.5 0 0 1 1.5 1.5v6a1.5 1.5 0 0 1-1.5 1.5h-9A1.5 1.5 0 0 1 2 12V6a1.5 1.5 0 0 1 1.5-1.5zM8 4.5V2M5.5 8v1.5M10.5 8v1.5",
  whatif: "M2.5 2.5v11h11M4.5 11.5l8-7M4.5 5.5l8 4",
  usage: "M2.5 13.5h11M4 11V8M8 11V3M12 11V6",
  rollouts: "M2 12.5h2.5V9H2zM6.8 12.5h2.4V6H6.8zM11.5 12.5H14V3h-2.5z",
  config: "M2 4.5h6M12 4.5h2M2 11.5h2M8 11.5h6M10 2.8v3.4M6 9.8v3.4",
  contracts: "M4 2h5.5L12.5 5v9H4zM9 2v3.5h3.5M6 8.5h4.5M6 11h3",
  vendors: "M4.5 12.5a3 3 0 0 1-.3-5.98A4 4 0 0 1 12 6.6a3 3 0 0 1-.5 5.9z",
  alerts: "M8 2a4 4 0 0 0-4 4v3l-1.5 2.5h11L12 9V6a4 4 0 0 0-4-4zM6.5 13.7a1.6 1.6 0 0 0 3 0",
  audit: "M6 4h8M6 8h8M6 12h8M2 4l.8.8L4.3 3.3M2 8l.8.8 1.5-1.5M2 12l.8.8 1.5-1.5",
  access: "M9.2 6.8a3.2 3.2 0 1 0-2.3 3.1L8 8.8h1.5V7.5zM9 8.5l5 5M12 11.5l-1.5 1.5",
  support: "M3 9V8a5 5 0 0 1 10 0v1M3 9h2v3.5H3.8A.8.8 0 0 1 3 11.7zM13 9h-2v3.5h1.2a.8.8 0 0 0 .8-.8zM13 12c0 1.2-1.5 2-3.5 2",
  search: "M7 12A5 5 0 1 0 7 2a5 5 0 0 0 0 10zM10.6 10.6 14 14",
  next: "m6 3.5 4.5 4.5L6 12.5",
  check: "m3 8.5 3.2 3.2L13 4.8",
  close: "m4 4 8 8M12 4l-8 8",
  menu: "M2 4.5h12M2 8h12M2 11.5h12",
  warn: "M8 2.2 14.5 13.5h-13zM8 6.5v3M8 11.4v.2",
  say: "M2.5 3h11v8H8l-3 2.7V11H2.5z",
  identify: "M8 5.2a2.8 2.8 0 1 0 0 5.6 2.8 2.8 0 0 0 0-5.6zM8 1.2v1.6M8 13.2v1.6M1.2 8h1.6M13.2 8h1.6M3.2 3.2l1.1 1.1M11.7 11.7l1.1 1.1M3.2 12.8l1.1-1.1M11.7 4.3l1.1-1.1",
  picture: "M2 5h2.5L5.7 3h4.6l1.2 2H14v8H2zM8 11.2a2.5 2.5 0 1 0 0-5 2.5 2.5 0 0 0 0 5z",
  restart: "M13 8a5 5 0 1 1-1.5-3.55M13 2v3h-3",
  print: "M4.5 5.5V2h7v3.5M4.5 12H2.5V5.5h11V12h-2M4.5 9.5h7V14h-7z",
  report: "M2 8.5h2.5L6 4l3.5 8.5L11 8.5h3",
  edit: "m3 13 .6-2.8L10.5 3.3l2.2 2.2-6.9 6.9z",
  plus: "M8 3v10M3 8h10",
  leave: "M9.5 2.5H3.5v11h6M7 8h7M11.5 5.5 14 8l-2.5 2.5",
  download: "M8 2.5v7M5 6.8l3 3 3-3M3 13h10",
  drain: "M2 4h7a3 3 0 0 1 3 3v5.5M9.5 10l2.5 2.5 2.5-2.5M2 8h4M2 12h4",
  up: "M8 13V3.5M4 7.5l4-4 4 4",
  down: "M8 3v9.5M4 8.5l4 4 4-4",
  trash: "M2.5 4h11M6 4V2.5h4V4M4 4l.6 9.5h6.8L12 4M6.7 6.7v4M9.3 6.7v4",
  copy: "M5.5 5.5h8v8h-8zM10.5 5.5v-3h-8v8h3",
  shield: "M8 1.8 13 3.5v4c0 3.3-2 5.5-5 6.7-3-1.2-5-3.4-5-6.7v-4z",
};

export function Icon({ name, size = 16 }) {
  return html`<svg class="icon" width=${size} height=${size} viewBox="0 0 16 16" aria-hidden="true"
    focusable="false"><path d=${PATHS[name]} /></svg>`;
}
