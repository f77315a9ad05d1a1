// you.js - whoever is signed in: what the role may, and the second factor

import { html } from "../dom.js";
import { useResource } from "../api.js";
import { PageHead } from "../components/page.js";
import { SecondFactor } from "../components/secondfactor.js";
import { Rights } from "../components/rights.js";
import { Button, Card, LanguageSwitch } from "../components/ui.js";
import { askWhoAmI, signOut, whoAmI } from "../session.js";
import { t, word } from "../text.js";

export function You() {
  const { data, at } = useResource("/me", { kinds: ["operator"] });
  const me = data?.operator ?? whoAmI();
  return html`<${PageHead} title=${me.id} at=${at} />
    <${Card} title=${t("role")}><p><b>${word("role", me.role)}</b></p><${Rights} role=${me} /></${Card}>
    <${SecondFactor} />`;
}

// All that is shown until there is a second factor, where the role asks for one.
export function MustEnrol() {
  return html`<main class="alone"><div class="must-enrol">
    <h1>${t("factor.must")}</h1>
    <${SecondFactor} onChange=${askWhoAmI} />
    <p class="row"><${Button} kind="quiet" onClick=${signOut}>${t("sign_out")}</${Button}><${LanguageSwitch} /></p>
  </div></main>`;
}
