// yaml.js - the YAML that openapi.yaml is written in, as values: blocks, flow, quotes, literal and folded
// texts, anchors, aliases and merges. No documents in one, no tags, no texts over several lines but those.

const SCALARS = { null: null, "~": null, "": null, true: true, false: false };

function scalar(text) {
  if (text in SCALARS) return SCALARS[text];
  return /^-?(0|[1-9]\d*)(\.\d+)?([eE][-+]?\d+)?$/.test(text) ? Number(text) : text;
}

// {...} and [...], which may stand on several lines, from at on: [value, where it ends].
function flow(text, at, anchors) {
  const skip = () => { while (/\s/.test(text[at] ?? "")) at++; };
  const quoted = () => {
    const quote = text[at];
    const from = at++;
    while (text[at] !== quote || (quote === "'" && text[at + 1] === "'")) {
      at += (quote === '"' && text[at] === "\\") || (quote === "'" && text[at] === "'") ? 2 : 1;
      if (at > text.length) throw new Error("a quote is open");
    }
    const inside = text.slice(from + 1, at++);
    return quote === '"' ? JSON.parse(`"${inside}"`) : inside.replaceAll("''", "'");
  };
  const plain = (isKey) => {
    const from = at;
    while (at < text.length && !"],}".includes(text[at]) && !(isKey && text[at] === ":" && /\s|^$/.test(text[at + 1] ?? ""))) at++;
    return text.slice(from, at).trim();
  };
  const list = () => {
    const items = [];
    for (at++, skip(); text[at] !== "]"; skip()) {
      items.push(value());
      skip();
      if (text[at] === ",") at++;
      skip();
    }
    at++;
    return items;
  };
  const map = () => {
    const items = {};
    for (at++, skip(); text[at] !== "}"; skip()) {
      const key = `"'`.includes(text[at]) ? quoted() : plain(true);
      skip();
      if (text[at] !== ":") throw new Error(`a colon is missing behind "${key}"`);
      at++;
      skip();
      put(items, key, value());
      skip();
      if (text[at] === ",") at++;
    }
    at++;
    return items;
  };
  function value() {
    const anchor = /^&(\w+)\s+/.exec(text.slice(at));
    if (anchor) at += anchor[0].length;
    const start = text[at];
    let read;
    if (start === "{") read = map();
    else if (start === "[") read = list();
    else if (start === '"' || start === "'") read = quoted();
    else {
      const word = plain(false);
      read = word.startsWith("*") ? anchors.get(word.slice(1)) : scalar(word);
    }
    if (anchor) anchors.set(anchor[1], read);
    return read;
  }
  return [value(), at];
}

// What stands there itself wins over what is merged in.
function put(items, key, value) {
  if (key === "<<") for (const [name, one] of Object.entries(value)) items[name] ??= one;
  else items[key] = value;
}

// Without the comment at its end.
function bare(line) {
  let quote = "";
  for (let i = 0; i < line.length; i++) {
    if (quote) quote = line[i] === quote && line[i - 1] !== "\\" ? "" : quote;
    else if (`"'`.includes(line[i]) && (i === 0 || /[\s{[,]/.test(line[i - 1]))) quote = line[i];
    else if (line[i] === "#" && (i === 0 || /\s/.test(line[i - 1]))) return line.slice(0, i).trimEnd();
  }
  return line.trimEnd();
}

const indentOf = (line) => line.length - line.trimStart().length;

export function readYaml(text) {
  const lines = text.split("\n");
  const anchors = new Map();
  let at = 0;

  const next = () => {
    while (at < lines.length && (lines[at].trim() === "" || lines[at].trimStart().startsWith("#"))) at++;
    return at < lines.length ? lines[at] : null;
  };
  // "|" and ">", with "-": no end of line at its end.
  const literal = (style, indent) => {
    const taken = [];
    while (at < lines.length && (lines[at].trim() === "" || indentOf(lines[at]) > indent)) taken.push(lines[at++]);
    while (taken.length > 0 && taken.at(-1).trim() === "") taken.pop();
    const depth = Math.min(...taken.filter((line) => line.trim()).map(indentOf));
    const cut = taken.map((line) => line.slice(depth));
    const joined = style[0] === "|" ? cut.join("\n") : cut.join("\n").replace(/([^\n])\n(?=[^\n\s])/g, "$1 ").replace(/\n\n/g, "\n");
    return joined + (style.endsWith("-") ? "" : "\n");
  };
  const isOpen = (part) => {
    let depth = 0;
    for (const [piece] of part.matchAll(/"(?:[^"\\]|\\.)*"|(?<=[\s{[,])'[^']*'|[{}[\]]/g)) depth += "{[".includes(piece) ? 1 : "}]".includes(piece) ? -1 : 0;
    return depth > 0;
  };
  // What stands behind a key or a dash that is indented so far.
  function behind(rest, indent) {
    const anchor = /^&(\w+)(?:\s+|$)/.exec(rest);
    const part = bare(anchor ? rest.slice(anchor[0].length) : rest);
    let value;
    if (part === "") {
      const line = next();
      const deeper = line !== null && (indentOf(line) > indent || (indentOf(line) === indent && line.trimStart().startsWith("- ")));
      value = deeper ? block(indentOf(line)) : null;
    } else if (/^[|>][-+]?$/.test(part)) {
      value = literal(part, indent);
    } else if (/^\*\w+$/.test(part)) {
      value = anchors.get(part.slice(1));
    } else if (/^[{["']/.test(part)) {
      let whole = part;
      while (isOpen(whole)) whole += ` ${bare(lines[at++].trim())}`;
      [value] = flow(whole, 0, anchors);
    } else {
      value = scalar(part);
    }
    if (anchor) anchors.set(anchor[1], value);
    return value;
  }
  function list(indent) {
    const items = [];
    for (let line = next(); line !== null && indentOf(line) === indent && /^- /.test(line.trimStart()); line = next()) {
      const rest = line.trimStart().slice(2);
      if (/^("[^"]*"|[^\s"'{[][^:]*):(\s|$)/.test(rest)) {
        lines[at] = " ".repeat(indent + 2) + rest; // its first member stands behind the dash
        items.push(block(indent + 2));
      } else {
        at++;
        items.push(behind(rest, indent));
      }
    }
    return items;
  }
  function map(indent) {
    const items = {};
    for (let line = next(); line !== null && indentOf(line) === indent; line = next()) {
      const found = /^(?:"((?:[^"\\]|\\.)*)"|'([^']*)'|([^"'\s].*?)):(?:\s+(.*))?$/.exec(line.trim());
      if (!found) throw new Error(`line ${at + 1} is no member: ${line}`);
      at++;
      put(items, found[1] ?? found[2] ?? found[3], behind(found[4] ?? "", indent));
    }
    return items;
  }
  function block(indent) {
    return next().trimStart().startsWith("- ") ? list(indent) : map(indent);
  }
  return next() === null ? null : block(0);
}
