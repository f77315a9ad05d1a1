// session.js - who is signed in, and what that role may do

import { get, post, Problem, whenSignedOut } from "./api.js";
import { live } from "./live.js";

const ROLES = ["viewer", "support", "operator", "approver", "admin"];

let me = null;
let onChange = () => {};

function become(operator) {
  me = operator;
  if (me) live.start();
  else live.stop();
  onChange(me);
}

// fn(operator or null) now and at each change; the first answer asks the server.
export async function startSession(fn) {
  onChange = fn;
  live.onRefused = () => me && become(null);
  whenSignedOut(live.onRefused);
  try {
    const { data } = await get("/me");
    become(data.operator ?? data);
  } catch (problem) {
    if (problem instanceof Problem && problem.status !== 401) throw problem;
    become(null);
  }
}

export async function signIn(name, password) {
  const { data } = await post("/login", { name, password });
  become(data.operator);
}

export async function signOut() {
  await post("/logout").catch(() => {});
  become(null);
}

export const whoAmI = () => me;

export function may(role) {
  return me !== null && ROLES.indexOf(me.role) >= ROLES.indexOf(role);
}
