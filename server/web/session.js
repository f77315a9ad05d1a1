// session.js - who is signed in, and what that role may do

import { get, post, Problem, whenSignedOut } from "./api.js";
import { live } from "./live.js";

const ROLES = ["viewer", "support", "operator", "approver", "admin"];

let me = null;
let onChange = () => {};

function become(operator) {
  me = operator;
  if (me && !me.must_enrol) live.start();
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

// code: of the second factor; "" when none was asked for yet.
export async function signIn(name, password, code) {
  const { data } = await post("/login", { name, password, ...(code && { code }) });
  become(data.operator);
}

// After what one may do has changed.
export async function askWhoAmI() {
  const { data } = await get("/me");
  become(data.operator);
}

export async function signOut() {
  const { data } = (await post("/logout").catch(() => null)) ?? {};
  become(null);
  // who logged in at the identity provider logs out there as well
  if (data?.provider) location.assign(data.provider);
}

export const whoAmI = () => me;

// An own role may do something in an area that it names; without one, where any of its areas lets it:
// the server says where not.
export function may(role, area) {
  if (me === null) return false;
  const levels = !me.may ? [me.role] : area ? [me.may[area]] : Object.values(me.may);
  return levels.some((level) => ROLES.indexOf(level) >= ROLES.indexOf(role));
}

// What makes operators, roles and keys is the admin's alone.
export const isAdmin = () => me?.role === "admin";
