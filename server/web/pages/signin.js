// signin.js - name and password; what the operator wanted to see comes right after

import { html, useEffect, useState } from "../dom.js";
import { TextField } from "../components/field.js";
import { Button, LanguageSwitch } from "../components/ui.js";
import { signIn } from "../session.js";
import { t } from "../text.js";

export function SignIn() {
  const [name, setName] = useState("");
  const [password, setPassword] = useState("");
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
      await signIn(name.trim(), password);
    } catch (error) {
      setProblem(error);
      setPassword("");
      setBusy(false);
    }
  };

  const text = problem && (problem.status === 401 ? t("sign_in.wrong") : problem.message);
  return html`<main class="alone">
    <form class="card sign-in" onSubmit=${submit}>
      <img src="/favicon.svg" alt="" width="44" height="44" />
      <h1>${t("product")}</h1>
      <p class="muted">${t("sign_in.lead")}</p>
      <${TextField} label=${t("sign_in.name")} value=${name} onInput=${setName} name="username"
        autocomplete="username" autocapitalize="none" spellcheck="false" required autofocus />
      <${TextField} label=${t("sign_in.password")} type="password" value=${password}
        onInput=${setPassword} name="password" autocomplete="current-password" required error=${text} />
      <${Button} kind="primary" type="submit" busy=${busy}>${t("sign_in")}</${Button}>
      <${LanguageSwitch} />
    </form>
  </main>`;
}
