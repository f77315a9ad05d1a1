// reference.js - the API's description as a page: what one may ask, with what, and what is answered

import { readYaml } from "./yaml.js";

const METHODS = ["get", "post", "put", "patch", "delete"];

// h("a", {href}, child, ...): an element. Texts are texts, never markup.
function h(tag, properties = {}, ...children) {
  const node = document.createElement(tag);
  for (const [name, value] of Object.entries(properties)) node.setAttribute(name, value);
  node.append(...children.flat().filter((child) => child !== null && child !== undefined && child !== ""));
  return node;
}

// `code` within a text.
const marked = (text) => text.split(/`([^`]*)`/).map((part, n) => (n % 2 ? h("code", {}, part) : part));

// Paragraphs and lists of a description.
function prose(text = "") {
  return text.trim().split(/\n\s*\n/).filter(Boolean).map((paragraph) => {
    const lines = paragraph.split("\n");
    if (!lines.every((line) => /^(- |\s)/.test(line))) return h("p", {}, marked(paragraph));
    return h("ul", {}, paragraph.split(/^- /m).slice(1).map((item) => h("li", {}, marked(item.trim()))));
  });
}

const nameOf = (ref) => ref.split("/").at(-1);

function typeOf(schema) {
  if (schema.enum) return schema.enum.map((one) => JSON.stringify(one)).join(" | ");
  if (schema.const !== undefined) return JSON.stringify(schema.const);
  const type = [schema.type].flat().filter(Boolean).join(" or ");
  const bounds = [
    schema.minimum ?? schema.minLength ?? schema.minItems, schema.maximum ?? schema.maxLength ?? schema.maxItems,
  ];
  const range = bounds.some((bound) => bound !== undefined) ? ` ${bounds[0] ?? ""}..${bounds[1] ?? ""}` : "";
  const fallback = schema.default === undefined ? "" : ` = ${JSON.stringify(schema.default)}`;
  return `${type}${range}${schema.pattern ? ` /${schema.pattern}/` : ""}${fallback}`;
}

// A schema's own words, then its members one below the other.
function schemaView(schema) {
  if (schema === true || schema === undefined) return ["anything"];
  if (schema.$ref) {
    const said = schema.description ? [" ", ...marked(schema.description)] : [];
    return [h("a", { href: `#schema-${nameOf(schema.$ref)}` }, nameOf(schema.$ref)), ...said];
  }
  const choices = schema.oneOf ?? schema.anyOf;
  const parts = [h("span", { class: "type" }, typeOf(schema)), " ", ...marked(schema.description ?? "")];
  if (choices) parts.push(h("ul", {}, choices.map((one) => h("li", {}, schemaView(one)))));
  for (const one of schema.allOf ?? []) parts.push(" ", ...schemaView(one));
  if (schema.items) parts.push(" of ", ...schemaView(schema.items));
  const members = Object.entries(schema.properties ?? {});
  if (members.length > 0)
    parts.push(h("ul", {}, members.map(([name, member]) => h("li", {}, h("code", {}, name),
      schema.required?.includes(name) ? "" : "?", ": ", schemaView(member)))));
  if (typeof schema.additionalProperties === "object")
    parts.push(h("ul", {}, h("li", {}, "each other member: ", schemaView(schema.additionalProperties))));
  return parts;
}

const contentView = (content = {}) => Object.entries(content).map(([type, { schema }]) =>
  h("div", {}, h("code", {}, type), schema ? ": " : "", schema ? schemaView(schema) : ""));

function operationView(api, path, method, operation, shared) {
  const resolve = (part) => (part.$ref ? part.$ref.slice(2).split("/").reduce((at, name) => at[name], api) : part);
  const parameters = [...shared, ...operation.parameters ?? []].map(resolve);
  const body = operation.requestBody && resolve(operation.requestBody);
  return h("details", { id: `${method}-${path}`, "data-text": `${method} ${path} ${operation.summary}`.toLowerCase() },
    h("summary", {}, h("span", { class: `method ${method}` }, method.toUpperCase()), h("span", { class: "path" }, path),
      h("div", { class: "what" }, operation.summary ?? "")),
    h("div", {},
      prose(operation.description),
      operation["x-role"] ? h("p", {}, `Needs the role ${operation["x-role"]}.`) : "",
      operation["x-role"] || path in api.webhooks ? "" : h("p", {}, "For anybody."),
      parameters.length ? h("h3", {}, "Parameters") : "",
      h("ul", {}, parameters.map((one) => h("li", {}, h("code", {}, one.name), ` (${one.in}${one.required ? "" : ", optional"}) `,
        one.schema ? schemaView(one.schema) : "", " ", marked(one.description ?? "")))),
      body ? h("h3", {}, "Body") : "",
      body ? contentView(body.content) : "",
      h("h3", {}, "Answers"),
      h("ul", {}, Object.entries(operation.responses).map(([status, said]) => {
        const response = resolve(said);
        return h("li", {}, h("code", {}, status === "default" ? "otherwise" : status), " ", marked(response.description ?? ""),
          contentView(response.content));
      }))));
}

// The path's first noun: "devices" of /api/v1/devices/{id}.
const nounOf = (path) => path.replace("/api/v1/", "/").split("/")[1];

function show(api) {
  const groups = new Map();
  for (const [path, methods] of Object.entries(api.paths))
    for (const method of METHODS.filter((name) => methods[name])) {
      const noun = nounOf(path);
      if (!groups.has(noun)) groups.set(noun, []);
      groups.get(noun).push(operationView(api, path, method, methods[method], methods.parameters ?? []));
    }
  const search = h("input", { type: "search", placeholder: "Find a request", "aria-label": "Find a request" });
  const sections = [...groups].map(([noun, operations]) => h("section", { id: noun }, h("h2", {}, noun), operations));
  const webhooks = Object.entries(api.webhooks).flatMap(([name, methods]) =>
    METHODS.filter((method) => methods[method]).map((method) => operationView(api, name, method, methods[method], [])));
  sections.push(h("section", { id: "webhooks" }, h("h2", {}, "webhooks"),
    h("p", {}, "What the server sends to you, and what you answer."), webhooks));
  const schemas = Object.entries(api.components.schemas).map(([name, schema]) =>
    h("details", { id: `schema-${name}` }, h("summary", {}, h("code", {}, name)), h("div", {}, schemaView(schema))));

  search.addEventListener("input", () => {
    const wanted = search.value.toLowerCase();
    for (const section of sections) {
      const operations = [...section.querySelectorAll("details")];
      for (const one of operations) one.hidden = !one.dataset.text.includes(wanted);
      section.hidden = operations.every((one) => one.hidden);
    }
  });
  document.getElementById("contents").replaceChildren(search,
    ...[...groups.keys(), "webhooks", "schemas"].map((noun) => h("a", { href: `#${noun}` }, noun)));
  document.getElementById("reference").replaceChildren(h("h1", {}, "The API of Myna"),
    ...prose(api.info.description), h("p", {}, h("a", { href: "/api/v1/openapi.yaml" }, "The description for programs"), " (OpenAPI 3.1)"),
    ...sections, h("section", { id: "schemas" }, h("h2", {}, "schemas"), schemas));
}

// A link to a request or schema opens it.
function open() {
  const target = document.getElementById(decodeURIComponent(location.hash.slice(1)));
  if (!target) return;
  if (target.tagName === "DETAILS") target.open = true;
  target.scrollIntoView();
}

try {
  const answer = await fetch("/api/v1/openapi.yaml");
  if (!answer.ok) throw new Error(`the server answered ${answer.status}`);
  show(readYaml(await answer.text()));
  addEventListener("hashchange", open);
  open();
} catch (error) {
  document.getElementById("reference").replaceChildren(h("p", { role: "alert" },
    `The description could not be shown: ${error.message}. Load the page again.`));
}
