// trouble.js - the name of what is wrong with a robot, for lists: without what translates the server's words

import { html } from "../dom.js";
import { useResource } from "../api.js";
import { word } from "../text.js";

// Codes of a newer robot have no text here; then the server's own words stand.
export const known = (text, name, otherwise) => (text === name.replaceAll("_", " ") ? otherwise : text);

// "M31 credit used up": a code alone where its words cannot be read.
export function TroubleName({ code }) {
  const trouble = useResource("/doctor/codes").data?.items.find((row) => row.code === code);
  const cause = trouble && known(word("trouble", trouble.word), trouble.word, trouble.cause);
  return html`<span title=${cause}><b class="code">${code}</b> ${cause}</span>`;
}
