// dom.js - the view library, bound once: html`...` templates and the hooks that pages use

import { Fragment, h, render } from "./lib/preact.js";
import htm from "./lib/htm.js";

export { useCallback, useEffect, useId, useLayoutEffect, useMemo, useRef, useState } from "./lib/hooks.js";
export { Fragment, render };

export const html = htm.bind(h);
