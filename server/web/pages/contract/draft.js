// draft.js - what is typed and not yet saved, kept by the browser until it is saved or thrown away

const KEY = (id) => `myna.contract.${id}`;

export function keptDraft(id) {
  try {
    return JSON.parse(localStorage.getItem(KEY(id)));
  } catch {
    return null; // a browser may forbid it, or hold something else there
  }
}

// draft: null throws it away.
export function keepDraft(id, draft) {
  try {
    if (draft) localStorage.setItem(KEY(id), JSON.stringify(draft));
    else localStorage.removeItem(KEY(id));
  } catch {
    // then it lives as long as the page
  }
}
