// you.js - whoever is signed in: what the role may, the password, the second factor, keys of programs

import { html } from "../dom.js";
import { useList, useResource } from "../api.js";
import { ApiKeys } from "../components/apikeys.js";
import { PageHead } from "../components/page.js";
import { Password } from "../components/password.js";
import { SecondFactor } from "../components/secondfactor.js";
import { Rights, roleOptionsUpTo } from "../components/rights.js";
import { Button, Card, LanguageSwitch } from "../components/ui.js";
import { askWhoAmI, signOut, whoAmI } from "../session.js";
import { t, word } from "../text.js";

export function You() {
  const { data, at } = useResource("/me", { kinds: ["operator"] });
  const keys = useList("/me/api-keys", { kinds: ["api_key", "operator"] });
  const me = data?.operator ?? whoAmI();
  return html`<${PageHead} title=${me.id} at=${at} />
    <${Card} title=${t("role")}><p><b>${word("role", me.role)}</b></p><${Rights} role=${me} /></${Card}>
    <${Password} />
    <${SecondFactor} />
    <${ApiKeys} list=${keys} path="/me/api-keys" options=${roleOptionsUpTo(me)} />`;
}

// All that is shown until there is a second factor, where the role asks for one.
export function MustEnrol() {
  return html`<main class="alone"><div class="must-enrol">
    <h1>${t("factor.must")}</h1>
    <${SecondFactor} onChange=${askWhoAmI} />
    <p class="row"><${Button} kind="quiet" onClick=${signOut}>${t("sign_out")}</${Button}><${LanguageSwitch} /></p>
  </div></main>`;
}
