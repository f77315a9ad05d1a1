// unsaved.js - asks before what stands nowhere else is closed or loaded anew

import { useEffect } from "../dom.js";

export function useUnsaved(wanted) {
  useEffect(() => {
    if (!wanted) return undefined;
    const ask = (event) => event.preventDefault();
    addEventListener("beforeunload", ask);
    return () => removeEventListener("beforeunload", ask);
  }, [wanted]);
}
