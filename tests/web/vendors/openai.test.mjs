// The demo vendor, as the official client of its dialect sees it.

import assert from "node:assert/strict";
import { once } from "node:events";
import { connect } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import { after, before, test } from "node:test";
import OpenAI from "openai";
import { KEY, startVendors } from "./vendors.mjs";

let vendors;
let client;

before(async () => {
  vendors = await startVendors("--fault", "tokens_per_s=2000,first_token_ms=5,jitter_ms=5");
  client = clientWith(KEY);
});

after(async () => {
  assert.equal(await vendors.stop(), 0);
});

function clientWith(apiKey) {
  // the client's own copy of fetch fails on Node.js 18 when the last chunk comes in pieces
  return new OpenAI({ fetch: globalThis.fetch, apiKey, baseURL: `${vendors.url}/v1`, maxRetries: 0, timeout: 20_000 });
}

const ask = (content, more = {}) => ({
  model: "demo-chat",
  messages: [{ role: "user", content }],
  ...more,
});

const streamed = { stream: true, stream_options: { include_usage: true } };

function withHeaders(requestId, fault) {
  return { headers: { "X-Client-Request-Id": requestId, ...(fault && { "X-Demo-Fault": fault }) } };
}

/** All of a stream: text, thought, finish reason, usage and the number of pieces of text. */
async function readAll(stream) {
  const all = { text: "", thought: "", finish: null, usage: null, pieces: 0 };
  for await (const chunk of stream) {
    const choice = chunk.choices[0];
    if (choice?.delta.content) all.pieces++;
    all.text += choice?.delta.content ?? "";
    all.thought += choice?.delta.reasoning_content ?? "";
    all.finish = choice?.finish_reason ?? all.finish;
    all.usage = chunk.usage ?? all.usage;
  }
  return all;
}

async function billed(requestId) {
  for (let i = 0; i < 100; i++) {
    const line = (await vendors.ledger()).find((entry) => entry.request_id === requestId);
    if (line) return line;
    await sleep(50);
  }
  assert.fail(`no line in the ledger for ${requestId}`);
}

for (const question of ["What should I read tonight?", "今天天气怎么样？"]) {
  test(`a streamed answer equals the whole one: ${question}`, async () => {
    const whole = await client.chat.completions.create(ask(question));
    const all = await readAll(await client.chat.completions.create(ask(question, streamed)));
    assert.ok(all.text.length > 5);
    assert.equal(all.text, whole.choices[0].message.content);
    assert.equal(all.finish, "stop");
    assert.ok(all.pieces > 3);
    assert.equal(all.usage.completion_tokens, whole.usage.completion_tokens);
    assert.equal(all.usage.total_tokens, all.usage.prompt_tokens + all.usage.completion_tokens);
  });
}

test("Chinese questions are answered in Chinese, others in English", async () => {
  const chinese = await client.chat.completions.create(ask("你好"));
  assert.match(chinese.choices[0].message.content, /^[\p{Script=Han}，。！？；：、]+$/u);
  const english = await client.chat.completions.create(ask("Hello"));
  assert.match(english.choices[0].message.content, /^[\x20-\x7e]+$/);
});

test("usage equals the ledger to the token", async () => {
  const id = "usage-equals-the-ledger-1";
  const all = await readAll(
    await client.chat.completions.create(ask("How are you?", streamed), withHeaders(id)),
  );
  const line = await billed(id);
  assert.equal(line.status, 200);
  assert.equal(line.finished, true);
  assert.equal(line.input, all.usage.prompt_tokens);
  assert.equal(line.output, all.usage.completion_tokens);
  assert.equal(line.cached, all.usage.prompt_tokens_details.cached_tokens);
  assert.equal(line.reasoning, all.usage.completion_tokens_details.reasoning_tokens);
});

test("without include_usage a stream has no usage and is billed all the same", async () => {
  const id = "no-usage-asked-1";
  const all = await readAll(
    await client.chat.completions.create(ask("How are you?", { stream: true }), withHeaders(id)),
  );
  assert.equal(all.usage, null);
  assert.ok((await billed(id)).output > 0);
});

test("a thinking model streams its thought first and counts it", async () => {
  const all = await readAll(
    await client.chat.completions.create(
      ask("Why is the sky blue?", { ...streamed, model: "demo-chat-think" }),
    ),
  );
  assert.ok(all.thought.length > 0);
  assert.ok(all.usage.completion_tokens_details.reasoning_tokens > 0);
  assert.ok(
    all.usage.completion_tokens > all.usage.completion_tokens_details.reasoning_tokens,
  );
});

for (const limit of ["max_tokens", "max_completion_tokens"]) {
  test(`${limit} cuts the answer with finish_reason length`, async () => {
    const whole = await client.chat.completions.create(ask("How are you?", { [limit]: 3 }));
    assert.equal(whole.choices[0].finish_reason, "length");
    assert.equal(whole.usage.completion_tokens, 3);
    const all = await readAll(
      await client.chat.completions.create(ask("How are you?", { ...streamed, [limit]: 3 })),
    );
    assert.equal(all.finish, "length");
    assert.equal(all.text, whole.choices[0].message.content);
  });
}

test("a prompt that goes on where the last one ended is cached in part", async () => {
  const system = { role: "system", content: "You are a robot that talks to people. ".repeat(20) };
  const messages = [system, { role: "user", content: "Hello" }];
  const first = await client.chat.completions.create({ model: "demo-chat", messages });
  messages.push(first.choices[0].message, { role: "user", content: "And then?" });
  const second = await client.chat.completions.create({ model: "demo-chat", messages });
  const cached = second.usage.prompt_tokens_details.cached_tokens;
  assert.ok(cached >= 64);
  assert.equal(cached % 64, 0);
  assert.ok(cached <= second.usage.prompt_tokens);
});

test("an unknown key is an authentication error and bills nothing", async () => {
  const id = "unknown-key-1";
  await assert.rejects(
    clientWith("sk-unknown").chat.completions.create(ask("Hello"), withHeaders(id)),
    (error) => error instanceof OpenAI.AuthenticationError && error.code === "invalid_api_key",
  );
  const line = await billed(id);
  assert.deepEqual([line.status, line.input, line.output], [401, 0, 0]);
  await assert.rejects(clientWith("sk-unknown").models.list(), OpenAI.AuthenticationError);
});

test("faults that refuse have their class and bill nothing", async () => {
  const cases = [
    ["429", OpenAI.RateLimitError, "rate_limit_exceeded"],
    ["quota", OpenAI.RateLimitError, "insufficient_quota"],
    ["500", OpenAI.InternalServerError, null],
    ["503", OpenAI.InternalServerError, "overloaded"],
  ];
  for (const [fault, kind, code] of cases) {
    const id = `refused-${fault}`;
    await assert.rejects(
      client.chat.completions.create(ask("Hello", streamed), withHeaders(id, fault)),
      (error) => error instanceof kind && error.code === code,
    );
    const line = await billed(id);
    assert.deepEqual([line.input, line.output, line.fault], [0, 0, fault]);
  }
});

test("a rate limit says when to come back", async () => {
  await assert.rejects(
    client.chat.completions.create(ask("Hello"), withHeaders("retry-after-1", "429")),
    (error) => error.headers["retry-after"] === "1",
  );
});

test("wrong requests are bad requests that name the parameter", async () => {
  for (const [body, param] of [
    [ask("Hello", { max_tokens: 0 }), "max_tokens"],
    [ask("Hello", { messages: [] }), "messages"],
    [ask("Hello", { stream_options: { include_usage: true } }), "stream_options"],
  ])
    await assert.rejects(
      client.chat.completions.create(body),
      (error) => error instanceof OpenAI.BadRequestError && error.param === param,
    );
  await assert.rejects(
    client.chat.completions.create(ask("Hello", { model: "nothing" })),
    (error) => error instanceof OpenAI.NotFoundError && error.code === "model_not_found",
  );
});

test("a cut stream fails in the client and bills what was sent", async () => {
  const id = "cut-1";
  let text = "";
  await assert.rejects(async () => {
    const stream = await client.chat.completions.create(
      ask("Tell me a story about the sea.", streamed),
      withHeaders(id, "cut"),
    );
    for await (const chunk of stream) text += chunk.choices[0]?.delta.content ?? "";
  });
  const line = await billed(id);
  assert.equal(line.status, 200);
  assert.equal(line.finished, false);
  assert.ok(line.input > 0);
  assert.ok(line.output <= text.length);
});

test("a client that leaves is billed what it was sent until then", async () => {
  const id = "client-leaves-1";
  await setFaults({ tokens_per_s: 20 });
  try {
    const stream = await client.chat.completions.create(
      ask("Tell me a story about the sea.", streamed),
      withHeaders(id),
    );
    let pieces = 0;
    for await (const chunk of stream) {
      if (chunk.choices[0]?.delta.content && ++pieces === 3) break;
    }
    const line = await billed(id);
    assert.equal(line.finished, false);
    assert.ok(line.output >= 3 && line.output < 20, `output ${line.output}`);
  } finally {
    await setFaults({ tokens_per_s: 2000 });
  }
});

test("a stalled stream keeps its client waiting", async () => {
  const id = "stall-1";
  const stream = await client.chat.completions.create(
    ask("Tell me a story about the sea.", streamed),
    withHeaders(id, "stall"),
  );
  const ended = readAll(stream).then(
    () => "ended",
    () => "ended",
  );
  assert.equal(await Promise.race([ended, sleep(1500, "waiting")]), "waiting");
  stream.controller.abort();
  assert.equal((await billed(id)).finished, false);
});

test("faults can be changed while it runs", async () => {
  await setFaults({ 429: 1 });
  try {
    await assert.rejects(
      client.chat.completions.create(ask("Hello")),
      OpenAI.RateLimitError,
    );
  } finally {
    await setFaults({ 429: 0 });
  }
  await client.chat.completions.create(ask("Hello"));
  const answer = await fetch(`${vendors.url}/admin/faults`, { method: "PUT", body: '{"cut":2}' });
  assert.equal(answer.status, 400);
});

test("the models are listed", async () => {
  const names = [];
  for await (const model of client.models.list()) names.push(model.id);
  assert.deepEqual(names, ["demo-chat", "demo-chat-think"]);
});

test("the ledger and its sums agree", async () => {
  const text = await (await fetch(`${vendors.url}/admin/ledger`)).text();
  const lines = text.trim().split("\n").map((line) => JSON.parse(line));
  const sums = await (await fetch(`${vendors.url}/admin/ledger?summary=1`)).json();
  assert.equal(sums.total.requests, lines.length);
  for (const name of ["input", "cached", "output", "reasoning"])
    assert.equal(
      sums.total[name],
      lines.reduce((sum, line) => sum + line[name], 0),
    );
});

async function piecesOf(body) {
  const socket = connect(Number(new URL(vendors.url).port), "127.0.0.1");
  const pieces = [];
  socket.on("data", (piece) => pieces.push(piece));
  socket.write(
    `POST /v1/chat/completions HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer ${KEY}\r\n` +
      `Connection: close\r\nContent-Length: ${Buffer.byteLength(body)}\r\n\r\n${body}`,
  );
  await once(socket, "close");
  return pieces;
}

function isWhole(piece) {
  try {
    new TextDecoder("utf-8", { fatal: true }).decode(piece);
    return true;
  } catch {
    return false;
  }
}

// Whoever reads late, on a busy machine, finds pieces joined: another answer is asked for then.
test("bytes of a stream arrive in pieces that end inside characters", async () => {
  const body = JSON.stringify(ask("请讲一个关于大海的故事。", streamed));
  await setFaults({ tokens_per_s: 100 });
  let broken = 0;
  for (let attempt = 0; attempt < 10 && broken === 0; attempt++)
    broken = (await piecesOf(body)).filter((piece) => !isWhole(piece)).length;
  await setFaults({ tokens_per_s: 2000 });
  assert.ok(broken > 0, "every piece was whole UTF-8");
});

test("hundreds of streams at once all arrive whole", async () => {
  const questions = Array.from({ length: 300 }, (_, i) => `Question number ${i}?`);
  const answers = await Promise.all(
    questions.map(async (question, i) =>
      readAll(
        await client.chat.completions.create(ask(question, streamed), withHeaders(`many-${i}`)),
      ),
    ),
  );
  const lines = new Map((await vendors.ledger()).map((line) => [line.request_id, line]));
  answers.forEach((all, i) => {
    assert.equal(all.finish, "stop");
    assert.equal(lines.get(`many-${i}`).output, all.usage.completion_tokens);
  });
});

async function setFaults(faults) {
  const answer = await fetch(`${vendors.url}/admin/faults`, {
    method: "PUT",
    body: JSON.stringify(faults),
  });
  assert.equal(answer.status, 200);
}
