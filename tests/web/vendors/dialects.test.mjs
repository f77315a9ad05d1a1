// The demo vendor's other dialects: as the vendors' own clients see them where there is one, else by
// the bytes.

import assert from "node:assert/strict";
import { createHmac } from "node:crypto";
import { setTimeout as sleep } from "node:timers/promises";
import { after, before, test } from "node:test";
import Anthropic from "@anthropic-ai/sdk";
import { Ollama } from "ollama";
import { KEY, startVendors } from "./vendors.mjs";

const PAIR = "id-of-glm.secret-of-glm";
let vendors;

before(async () => {
  vendors = await startVendors("--key", PAIR, "--fault", "tokens_per_s=2000,first_token_ms=5,jitter_ms=5");
});

after(async () => {
  assert.equal(await vendors.stop(), 0);
});

async function billed(requestId) {
  for (let i = 0; i < 200; i++) {
    const line = (await vendors.ledger()).find((entry) => entry.request_id === requestId);
    if (line) return line;
    await sleep(50);
  }
  assert.fail(`no line in the ledger for ${requestId}`);
}

const headers = (id, fault) => ({ "X-Client-Request-Id": id, ...(fault && { "X-Demo-Fault": fault }) });
const messages = [{ role: "user", content: "What should I read tonight?" }];

/* ---- Anthropic ---- */

const claude = (apiKey = KEY) =>
  new Anthropic({ fetch: globalThis.fetch, apiKey, baseURL: vendors.url, maxRetries: 0, timeout: 20_000 });
const message = { model: "demo-chat", max_tokens: 200, messages };

test("anthropic: a stream adds up to the whole message and to the ledger", async () => {
  const whole = await claude().messages.create(message);
  assert.equal(whole.stop_reason, "end_turn");
  const stream = claude().messages.stream(message, { headers: headers("anthropic-1") });
  let text = "";
  stream.on("text", (delta) => (text += delta));
  const final = await stream.finalMessage();
  assert.equal(text, whole.content[0].text);
  assert.equal(final.content[0].text, text);
  const line = await billed("anthropic-1");
  assert.equal(line.finished, true);
  assert.equal(final.usage.input_tokens + final.usage.cache_read_input_tokens, line.input);
  assert.equal(final.usage.cache_read_input_tokens, line.cached);
  assert.equal(final.usage.output_tokens, line.output);
});

test("anthropic: thoughts have a block of their own, and the system prompt counts", async () => {
  const bare = await claude().messages.create({ ...message, model: "demo-chat-think" });
  assert.deepEqual(bare.content.map((block) => block.type), ["thinking", "text"]);
  const stream = claude().messages.stream({ ...message, model: "demo-chat-think", system: "Be kind." });
  const final = await stream.finalMessage();
  assert.deepEqual(final.content.map((block) => block.type), ["thinking", "text"]);
  assert.ok(final.usage.input_tokens > bare.usage.input_tokens);
});

test("anthropic: the limit must be there, and cuts", async () => {
  const { max_tokens, ...without } = message;
  await assert.rejects(claude().messages.create(without), Anthropic.BadRequestError);
  const cut = await claude().messages.create({ ...message, max_tokens: 3 });
  assert.equal(cut.stop_reason, "max_tokens");
  assert.equal(cut.usage.output_tokens, 3);
});

test("anthropic: faults have their class and bill nothing", async () => {
  const cases = [
    ["429", Anthropic.RateLimitError, "rate_limit_error"],
    ["quota", Anthropic.BadRequestError, "invalid_request_error"],
    ["500", Anthropic.InternalServerError, "api_error"],
    ["503", Anthropic.InternalServerError, "overloaded_error"],
  ];
  for (const [fault, kind, type] of cases) {
    const id = `anthropic-${fault}`;
    await assert.rejects(
      claude().messages.create({ ...message, stream: true }, { headers: headers(id, fault) }),
      (error) => error instanceof kind && error.error.error.type === type,
    );
    const line = await billed(id);
    assert.deepEqual([line.input, line.output], [0, 0]);
  }
  await assert.rejects(claude("sk-unknown").messages.create(message), Anthropic.AuthenticationError);
});

test("anthropic: an error inside the stream ends it and bills what was sent", async () => {
  await assert.rejects(
    claude().messages.stream(message, { headers: headers("anthropic-mid", "mid_error") }).finalMessage(),
    (error) => /api_error/.test(JSON.stringify(error.error ?? error.message)),
  );
  const line = await billed("anthropic-mid");
  assert.equal(line.finished, false);
  assert.ok(line.input > 0);
});

test("anthropic: an objection to the content ends the message, and what was made is billed", async () => {
  const stream = claude().messages.stream(message, { headers: headers("anthropic-filter", "filter") });
  const final = await stream.finalMessage();
  const line = await billed("anthropic-filter");
  assert.equal(final.stop_reason, "refusal");
  assert.equal(line.finished, true);
  assert.equal(final.usage.output_tokens, line.output);
});

/* ---- Ollama ---- */

const ollama = (id, fault, key = KEY) =>
  new Ollama({ host: vendors.url, fetch: globalThis.fetch, headers: { Authorization: `Bearer ${key}`, ...headers(id, fault) } });
const chat = { model: "demo-chat", messages };

test("ollama: lines add up to the whole answer and to the ledger", async () => {
  const whole = await ollama("ollama-0").chat(chat);
  let text = "";
  let last;
  for await (const part of await ollama("ollama-1").chat({ ...chat, stream: true })) {
    text += part.message.content;
    last = part;
  }
  assert.equal(text, whole.message.content);
  assert.equal(last.done_reason, "stop");
  const line = await billed("ollama-1");
  assert.equal(line.finished, true);
  assert.deepEqual([last.prompt_eval_count, last.eval_count], [line.input, line.output]);
});

test("ollama: the limit cuts, and thoughts come beside the text", async () => {
  const cut = await ollama("ollama-2").chat({ ...chat, options: { num_predict: 3 } });
  assert.deepEqual([cut.done_reason, cut.eval_count], ["length", 3]);
  const thinking = await ollama("ollama-3").chat({ ...chat, model: "demo-chat-think" });
  assert.ok(thinking.message.thinking.length > 0);
  const told = await ollama("ollama-4").chat({ ...chat, model: "demo-chat-think", think: false });
  assert.equal(told.message.thinking, undefined);
});

test("ollama: an error inside the stream is an error", async () => {
  await assert.rejects(async () => {
    for await (const part of await ollama("ollama-mid", "mid_error").chat({ ...chat, stream: true })) void part;
  }, /error was encountered/);
  assert.equal((await billed("ollama-mid")).finished, false);
  await assert.rejects(ollama("ollama-none").chat({ ...chat, model: "nothing" }), /not found/);
});

/* ---- those without a client: by the bytes ---- */

async function ask(path, body, id, more = {}) {
  const answer = await fetch(`${vendors.url}${path}`, {
    method: "POST",
    headers: { Authorization: `Bearer ${KEY}`, ...headers(id, more.fault), ...more.headers },
    body: JSON.stringify({ model: "demo-chat", ...body }),
  });
  const text = await answer.text();
  const events = text.split("\n").filter((line) => line.startsWith("data:")).map((line) => line.slice(5).trim());
  return { status: answer.status, text, done: events.at(-1) === "[DONE]", events: events.filter((data) => data !== "[DONE]").map((data) => JSON.parse(data)) };
}

const streamed = { messages, stream: true, stream_options: { include_usage: true } };

test("ark and vllm: usage on every chunk when asked for, growing to the ledger's", async () => {
  const rows = [["/ark/v3", "chunk_include_usage", []], ["/vllm/v1", "continuous_usage_stats", null]];
  for (const [base, option, choices] of rows) {
    const body = { ...streamed, stream_options: { include_usage: true, [option]: true } };
    const { events, done } = await ask(`${base}/chat/completions`, body, `every${base}`);
    const counts = events.slice(1).map((event) => event.usage.completion_tokens);
    assert.ok(counts.every((count, i) => i === 0 || count >= counts[i - 1]) && counts[0] > 0);
    assert.deepEqual(events.at(-1).choices, choices);
    assert.equal((await billed(`every${base}`)).output, counts.at(-1));
    assert.ok(done);
  }
});

test("deepseek tells cache hits in fields of its own, glm its usage with the end", async () => {
  const deepseek = await ask("/deepseek/chat/completions", streamed, "deepseek-1");
  const { usage } = deepseek.events.at(-1);
  assert.equal(usage.prompt_cache_hit_tokens + usage.prompt_cache_miss_tokens, usage.prompt_tokens);
  const { events } = await ask("/glm/v4/chat/completions", { messages, stream: true }, "glm-1");
  assert.equal(events.at(-1).choices[0].finish_reason, "stop");
  assert.equal(events.at(-1).usage.completion_tokens, (await billed("glm-1")).output);
});

const encode = (value) => Buffer.from(typeof value === "string" ? value : JSON.stringify(value)).toString("base64url");
function tokenOf(pair, claims) {
  const [id, secret] = pair.split(".");
  const head = `${encode({ alg: "HS256", sign_type: "SIGN" })}.${encode({ api_key: id, ...claims })}`;
  return `${head}.${createHmac("sha256", secret).update(head).digest("base64url")}`;
}

test("glm takes tokens signed with a key's secret, and no others", async () => {
  const now = Date.now();
  const status = async (token) =>
    (await ask("/glm/v4/chat/completions", { messages }, undefined, { headers: { Authorization: `Bearer ${token}`, "X-Client-Request-Id": "glm-token" } })).status;
  assert.equal(await status(tokenOf(PAIR, { exp: now + 60000, timestamp: now })), 200);
  assert.equal(await status(tokenOf(PAIR, { exp: now - 1, timestamp: now - 60000 })), 401);
  assert.equal(await status(tokenOf("id-of-glm.wrong", { exp: now + 60000, timestamp: now })), 401);
  assert.equal(await status(tokenOf("nobody.secret-of-glm", { exp: now + 60000, timestamp: now })), 401);
});

test("dashscope: usage grows on every frame, the end is a reason and no terminator", async () => {
  const path = "/api/v1/services/aigc/text-generation/generation";
  const body = { input: { messages }, parameters: { incremental_output: true, max_tokens: 100 } };
  const { events, done } = await ask(path, body, "dashscope-1");
  assert.equal(done, false);
  assert.equal(events.at(-1).output.choices[0].finish_reason, "stop");
  assert.ok(events.slice(0, -1).every((event) => event.output.choices[0].finish_reason === "null"));
  assert.equal(events.at(-1).usage.output_tokens, (await billed("dashscope-1")).output);
  const repeating = await ask(path, { ...body, parameters: {} }, "dashscope-2");
  assert.equal(repeating.status, 400);
  assert.equal(JSON.parse(repeating.text).code, "InvalidParameter");
});

test("minimax: the last event repeats the answer, and errors come under status 200", async () => {
  const { events, done } = await ask("/v1/text/chatcompletion_v2", { messages, stream: true }, "minimax-1");
  const text = events.slice(0, -1).map((event) => event.choices[0].delta.content).join("");
  assert.equal(events.at(-1).choices[0].message.content, text);
  assert.equal(events.at(-1).base_resp.status_code, 0);
  assert.equal(done, false);
  const refused = await ask("/v1/text/chatcompletion_v2", { messages }, "minimax-2", { fault: "429" });
  assert.deepEqual([refused.status, JSON.parse(refused.text).base_resp.status_code], [200, 1002]);
});

test("spark: code and sid on each event, usage in the last one", async () => {
  const { events, done } = await ask("/spark/v1/chat/completions", { messages, stream: true }, "spark-1");
  assert.ok(done && events.every((event) => event.code === 0 && event.sid));
  assert.equal(events.at(-1).usage.completion_tokens, (await billed("spark-1")).output);
  const refused = await ask("/spark/v1/chat/completions", { messages }, "spark-2", { fault: "quota" });
  assert.deepEqual([refused.status, JSON.parse(refused.text).code], [200, 11201]);
});

test("an objection to the content comes in each dialect's own words", async () => {
  const reasons = async (path) =>
    (await ask(path, streamed, `filter${path}`, { fault: "filter" })).events.map((event) => event.choices[0]?.finish_reason);
  assert.ok((await reasons("/v1/chat/completions")).includes("content_filter"));
  assert.ok((await reasons("/glm/v4/chat/completions")).includes("sensitive"));
  const minimax = await ask("/v1/text/chatcompletion_v2", streamed, "filter-minimax", { fault: "filter" });
  assert.equal(minimax.events.at(-1).output_sensitive, true);
  const spark = await ask("/spark/v1/chat/completions", streamed, "filter-spark", { fault: "filter" });
  assert.equal(spark.events.at(-1).code, 10014);
  const path = "/api/v1/services/aigc/text-generation/generation";
  const body = { input: { messages }, parameters: { incremental_output: true, max_tokens: 100 } };
  const dashscope = await ask(path, body, "filter-dashscope", { fault: "filter" });
  assert.equal(dashscope.events.at(-1).code, "DataInspectionFailed");
});
