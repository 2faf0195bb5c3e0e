// The server's verbs: what is asked of them, and the same question in Python.

const VERBS = {
  text: { options: ["length", "charset", "pattern", "case", "top_k"], picture: "image" },
  classify: { options: ["top_k"], picture: "image" },
  detect: { options: ["threshold"], picture: "image" },
  tiles: { options: ["layout", "wanted"], picture: "image" },
  click: { options: ["targets"], picture: "image", extra: ["prompt"] },
  slide: { options: ["scale", "start"], picture: "background", extra: ["piece", "full"] },
};
const NUMBERS = new Set(["top_k", "threshold", "scale", "start"]);
// What the server takes where nothing is said: not worth a word in a question.
const USUAL = { top_k: 1, layout: "12306", scale: 1, start: 0 };

export class AnswerError extends Error {
  constructor(status, type, message, result) {
    super(message);
    Object.assign(this, { status, type, result });
  }
}

// The options of a verb that were filled in, as {name: value}, from the form's fields.
export function readOptions(verb, form) {
  const options = {};
  for (const name of [...VERBS[verb].options, "model"]) {
    const field = form.elements.namedItem(name);
    const value = field.value.trim();
    if (value === "" || (name === "model" && field.disabled)) continue;
    const read = NUMBERS.has(name) ? Number(value) : value;
    if (USUAL[name] !== read) options[name] = read;
  }
  return options;
}

// The further pictures of a verb, as {name: File}.
export function readExtras(verb, form) {
  const extras = {};
  for (const name of VERBS[verb].extra ?? []) {
    const file = form.elements.namedItem(name).files[0];
    if (file) extras[name] = file;
  }
  return extras;
}

export async function ask(verb, file, options, extras, key) {
  const names = Object.keys(extras);
  if (names.length === 0) {
    const query = new URLSearchParams(options).toString();
    const type = file.type.startsWith("image/") ? file.type : "application/octet-stream";
    return send(`v1/${verb}${query ? `?${query}` : ""}`, file, type, key);
  }
  const body = { ...options, [VERBS[verb].picture]: await base64(file) };
  for (const name of names) body[name] = await base64(extras[name]);
  return send(`v1/${verb}`, JSON.stringify(body), "application/json", key);
}

export async function models(key) {
  const response = await fetch("v1/models", { headers: authorization(key) });
  return unpack(response);
}

async function send(path, body, type, key) {
  let response;
  try {
    response = await fetch(path, {
      method: "POST", body, headers: { "Content-Type": type, ...authorization(key) },
    });
  } catch {
    throw new AnswerError(0, "ServiceError", "The server does not answer. Is solver serve still running?");
  }
  return unpack(response);
}

async function unpack(response) {
  const data = await response.json().catch(() => null);
  if (response.ok && data) return data;
  const { type, message, result } = data?.error ?? {};
  throw new AnswerError(
    response.status, type ?? "ServiceError", message ?? `status ${response.status}`, result,
  );
}

function authorization(key) {
  return key ? { Authorization: `Bearer ${key}` } : {};
}

function base64(file) {
  return new Promise((resolve, reject) => {
    const reader = new FileReader();
    reader.onload = () => resolve(reader.result.slice(reader.result.indexOf(",") + 1));
    reader.onerror = () => reject(reader.error);
    reader.readAsDataURL(file);
  });
}

// The same question in Python, to this server.
export function python(verb, file, options, extras) {
  const given = { ...options };
  const address = new URL(".", location.href).href.replace(/\/$/, "");
  const model = given.model ? `, model=${literal(given.model)}` : "";
  delete given.model;
  const parts = [literal(file.name)];
  if (verb === "click") {
    parts.push(extras.prompt ? `Path(${literal(extras.prompt.name)})` : literal(given.targets ?? ""));
    delete given.targets;
  }
  if (extras.piece) parts.push(literal(extras.piece.name));
  if (extras.full) parts.push(`full=${literal(extras.full.name)}`);
  for (const [name, value] of Object.entries(given)) {
    parts.push(`${name}=${name === "length" ? span(value) : literal(value)}`);
  }
  return [
    ...(extras.prompt ? ["from pathlib import Path", ""] : []),
    "import solver",
    "",
    `s = solver.RemoteSolver(${literal(address)}${model})`,
    `print(s.${verb}(${parts.join(", ")}))`,
    "",
  ].join("\n");
}

function span(length) {
  const [least, most] = length.split("-");
  return most === undefined ? least : `(${least}, ${most})`;
}

// JSON's strings are Python's, but for what lies outside the Basic Multilingual Plane: kept as it is.
function literal(value) {
  return JSON.stringify(value);
}
