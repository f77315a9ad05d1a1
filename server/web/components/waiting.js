// waiting.js - robots that wait until somebody types the digits they speak

import { get, useLoad } from "../api.js";
import { may } from "../session.js";

const READ = 100; // whoever asked last stands first

// How many wait; 0 for whoever may let none in.
export function useWaiting() {
  const decides = may("operator", "pairings");
  const read = async () => (decides ? (await get("/pairings", { limit: READ })).data.items : []);
  const { data } = useLoad(read, { kinds: ["pairing"], deps: [decides] });
  return (data ?? []).filter(({ state }) => state === "waiting").length;
}
