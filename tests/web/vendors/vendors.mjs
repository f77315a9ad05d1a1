// vendors.mjs - a myna-vendors of one's own for a test, on a free port, stopped at its end

import { spawn } from "node:child_process";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

export const KEY = "sk-test-of-the-demo-vendor";
const MODELS = "demo-chat,demo-chat-think";

/** Starts the program that MYNA_VENDORS names. Resolves once it listens. */
export async function startVendors(...options) {
  const program = process.env.MYNA_VENDORS;
  if (!program) throw new Error("MYNA_VENDORS must name the program myna-vendors");
  const folder = await mkdtemp(join(tmpdir(), "myna-vendors-"));
  const ledger = join(folder, "ledger.jsonl");
  const child = spawn(program, ["--key", KEY, "--ledger", ledger, "--models", MODELS, ...options], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  const exited = new Promise((resolve) => child.once("exit", resolve));
  const url = await Promise.race([
    firstLine(child.stdout).then((line) => line.replace("listening on ", "")),
    exited.then((code) => Promise.reject(new Error(`myna-vendors ended with ${code}`))),
  ]);
  return {
    url,
    async ledger() {
      const text = await readFile(ledger, "utf8");
      return text.split("\n").filter(Boolean).map((line) => JSON.parse(line));
    },
    /** Resolves to the exit code. */
    async stop() {
      child.kill("SIGTERM");
      const code = await exited;
      await rm(folder, { recursive: true });
      return code;
    },
  };
}

function firstLine(stream) {
  return new Promise((resolve) => {
    let text = "";
    stream.setEncoding("utf8");
    stream.on("data", (part) => {
      text += part;
      const end = text.indexOf("\n");
      if (end >= 0) resolve(text.slice(0, end));
    });
  });
}
