// signin.js - name and password, and a code where there is a second factor; what the operator wanted
// to see comes right after

import { html, useEffect, useState } from "../dom.js";
import { useResource } from "../api.js";
import { CodeField, TextField } from "../components/field.js";
import { Button, LanguageSwitch } from "../components/ui.js";
import { signIn } from "../session.js";
import { t } from "../text.js";

// What the identity provider's answer came to, as the address says.
const SENT_BACK = new Map([["denied", "sign_in.denied"], ["factor", "sign_in.factor"]]);

export function SignIn() {
  const [name, setName] = useState("");
  const [password, setPassword] = useState("");
  const [code, setCode] = useState("");
  const [wantsCode, setWantsCode] = useState(false);
  const [busy, setBusy] = useState(false);
  const [problem, setProblem] = useState(null);
  useEffect(() => {
    document.title = `${t("sign_in")} \u00b7 ${t("product")}`;
  }, []);

  const submit = async (event) => {
    event.preventDefault();
    setBusy(true);
    setProblem(null);
    try {
      await signIn(name.trim(), password, code.trim());
    } catch (error) {
      // the first time it is no complaint: nobody was asked before
      const asked = Boolean(error.at?.("/code"));
      setProblem(asked && !wantsCode ? null : error);
      setWantsCode(asked);
      setCode("");
      if (!asked) setPassword("");
      setBusy(false);
    }
  };

  const methods = useResource("/login/methods");
  const back = new URLSearchParams(location.search).get("sign_in"); // what became of the provider's login
  const text = problem && (problem.status !== 401 ? problem.message : t(wantsCode ? "factor.wrong" : "sign_in.wrong"));
  return html`<main class="alone">
    <form class="card sign-in" onSubmit=${submit}>
      <img src="/favicon.svg" alt="" width="44" height="44" />
      <h1>${t("product")}</h1>
      <p class="muted">${t("sign_in.lead")}</p>
      ${methods.data?.operators === false && html`<p class="notice">${t("sign_in.nobody")} <code>mynad operator admin --role admin</code></p>`}
      <${TextField} label=${t("sign_in.name")} value=${name} onInput=${setName} name="username"
        autocomplete="username" autocapitalize="none" spellcheck="false" required autofocus />
      <${TextField} label=${t("sign_in.password")} type="password" value=${password}
        onInput=${setPassword} name="password" autocomplete="current-password" required error=${wantsCode ? null : text} />
      ${wantsCode && html`<${CodeField} value=${code} onInput=${setCode} error=${text} hint=${t("factor.code.hint")} />`}
      <${Button} kind="primary" type="submit" busy=${busy}>${t("sign_in")}</${Button}>
      ${methods.data?.provider && html`<a class="button" href="/api/v1/login/provider">${t("sign_in.provider")}</a>`}
      ${!problem && back && html`<p class="error" role="alert">${t(SENT_BACK.get(back) ?? "sign_in.failed")}</p>`}
      <${LanguageSwitch} />
    </form>
  </main>`;
}
