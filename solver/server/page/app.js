// The page: pictures in, questions out, answers in cards. Nothing is kept but what is shown.

import { AnswerError, ask, models, python, readExtras, readOptions } from "./api.js";
import { describe, element, marks, sentence } from "./draw.js";

const $ = (id) => document.getElementById(id);
const form = $("ask");
const AT_ONCE = 4;
const WIDEST = 352;
let known = { models: [], verbs: [] };
let key = "";
let cards = [];

const verbNow = () => form.elements.verb.value;
const say = (text) => { $("live").textContent = text; };

async function connect() {
  try {
    known = await models(key);
  } catch (error) {
    if (error instanceof AnswerError && error.status === 401) {
      askForKey();
      return;
    }
    $("status").textContent = "The server does not answer.";
    return;
  }
  $("key-field").hidden = true;
  for (const verb of known.verbs) {
    const choice = [...form.elements.verb].find((radio) => radio.value === verb.name);
    choice?.classList.toggle("lacking", verb.missing.length > 0);
  }
  const names = known.models.map((model) => model.name);
  $("status").textContent = `${known.version} · ${names.length === 1 ? "model" : "models"} ${names.join(", ") || "none"}`;
  showVerb();
}

function askForKey() {
  $("status").textContent = "This server asks for a key.";
  $("key-field").hidden = false;
  $("key").focus();
}

// The fields of the chosen verb, and what it lacks.
function showVerb() {
  const verb = verbNow();
  for (const part of form.querySelectorAll("[data-verbs]")) {
    part.hidden = !part.dataset.verbs.split(" ").includes(verb);
  }
  const entry = known.verbs.find((item) => item.name === verb) ?? { roles: [], missing: [] };
  $("missing").hidden = entry.missing.length === 0;
  $("missing").textContent =
    `No model for this here: start solver serve with one for ${entry.missing.join(" and one for ")}.`;
  const fitting = known.models.filter((model) => entry.roles.includes(model.role));
  const several = fitting.length > entry.roles.length;
  $("model-field").hidden = !several;
  $("model").disabled = !several;
  $("model").replaceChildren(
    element("option", { value: "" }, "the usual"),
    ...fitting.map((model) => element("option", {}, model.name)),
  );
  $("options").hidden = !form.querySelector(`.field[data-verbs~="${verb}"]`) && !several;
  const multiple = verb !== "slide";
  $("files").multiple = multiple;
  $("choose").textContent = multiple ? "Choose pictures" : "Choose the background";
  $("how").textContent = multiple ? "or drop them here, or paste one." : "or drop it here, or paste it.";
}

function add(files) {
  const pictures = [...files].filter((file) => file.type.startsWith("image/") || file.type === "");
  if (!pictures.length) {
    say("That is no picture.");
    return;
  }
  const added = pictures.map(makeCard);
  cards = [...added, ...cards];
  $("results").prepend(...added.map((card) => card.item));
  showCount();
  askAll(added);
}

function makeCard(file) {
  const name = file.name || "pasted picture";
  const picture = element("img", { alt: `The picture ${name}` });
  const shown = element("div", { class: "shown" }, picture);
  const caption = element("figcaption", {});
  const facts = element("div", { class: "facts" });
  const item = element("li", {},
    element("figure", {}, shown, caption),
    element("div", { class: "facts" }, element("h3", { class: "name" }, name), facts));
  const card = { file, item, picture, shown, caption, facts, asked: null, name };
  picture.addEventListener("load", () => {
    const { naturalWidth: width, naturalHeight: height } = picture;
    caption.textContent = `${width} × ${height} pixels`;
    // Small pictures are shown larger.
    picture.width = Math.max(width, Math.min(2 * width, WIDEST));
    URL.revokeObjectURL(picture.src);
    drawMarks(card);
  });
  picture.addEventListener("error", () => {
    picture.hidden = true;
    caption.textContent = "The browser cannot show this file.";
  });
  picture.src = URL.createObjectURL(file);
  return card;
}

function showCount() {
  $("empty").hidden = cards.length > 0;
  $("clear").hidden = cards.length === 0;
  $("again").disabled = cards.length === 0;
}

async function askAll(wanted) {
  if (!form.reportValidity()) return;
  const verb = verbNow();
  const options = readOptions(verb, form);
  const extras = readExtras(verb, form);
  const queue = [...wanted];
  const told = new Map(); // in the order of the pictures, whichever is answered first
  for (const card of queue) showWaiting(card);
  const work = async () => {
    for (let card = queue.shift(); card; card = queue.shift()) told.set(card, await askOne(card, verb, options, extras));
  };
  await Promise.all(Array.from({ length: Math.min(AT_ONCE, queue.length) }, work));
  const lines = wanted.map((card) => told.get(card));
  say(lines.length === 1 ? lines[0] : `${lines.length} answers. ${lines.slice(0, 3).join(". ")}`);
}

async function askOne(card, verb, options, extras) {
  let answer;
  try {
    answer = await ask(verb, card.file, options, extras, key);
  } catch (error) {
    if (error.status === 401) askForKey();
    showFailure(card, error);
    return `${card.name}: ${error.message}`;
  }
  card.asked = { verb, answer };
  card.facts.replaceChildren(
    ...describe(verb, answer).filter(Boolean),
    element("div", { class: "copy" },
      copier("Copy as JSON", card, () => JSON.stringify(answer, null, 2)),
      copier("Copy as Python", card, () => python(verb, card.file, options, extras))),
  );
  drawMarks(card);
  return `${card.name}: ${sentence(verb, answer)}`;
}

function showWaiting(card) {
  card.asked = null;
  drawMarks(card);
  card.facts.replaceChildren(element("p", { class: "waiting" }, "Asking …"));
}

function showFailure(card, error) {
  card.asked = null;
  drawMarks(card);
  card.facts.replaceChildren(
    element("p", { class: "failed" }, error.type ?? "Error"),
    element("p", { class: "why" }, error.message),
  );
}

function drawMarks(card) {
  card.shown.querySelector(".marks")?.remove();
  const { naturalWidth: width, naturalHeight: height } = card.picture;
  if (!card.asked || !width) return;
  const drawn = marks(card.asked.verb, card.asked.answer, width, height);
  card.shown.append(element("div", { class: "marks", "aria-hidden": "true" }, ...drawn));
}

function copier(label, card, text) {
  const button = element("button", { type: "button", class: "quiet", "aria-label": `${label}: ${card.name}` }, label);
  button.addEventListener("click", async () => {
    try {
      await navigator.clipboard.writeText(text());
      say(`${label.replace("Copy", "Copied")}.`);
      button.textContent = "Copied";
    } catch {
      say("The browser did not allow copying.");
      button.textContent = "Not allowed";
    }
    setTimeout(() => { button.textContent = label; }, 1500);
  });
  return button;
}

form.addEventListener("submit", (event) => {
  event.preventDefault();
  askAll(cards);
});
form.addEventListener("change", (event) => {
  if (event.target.name === "verb") showVerb();
});
$("files").addEventListener("change", (event) => {
  add(event.target.files);
  event.target.value = "";
});
$("key").addEventListener("change", (event) => {
  key = event.target.value.trim();
  connect();
});
$("clear").addEventListener("click", () => {
  cards = [];
  $("results").replaceChildren();
  showCount();
  say("Cleared.");
  $("files").focus();
});
document.addEventListener("paste", (event) => {
  if (event.clipboardData.files.length) add(event.clipboardData.files);
});
for (const [name, over] of [["dragenter", true], ["dragover", true], ["dragleave", false], ["drop", false]]) {
  document.addEventListener(name, (event) => {
    event.preventDefault();
    $("drop").classList.toggle("over", over && event.dataTransfer.types.includes("Files"));
    if (name === "drop") add(event.dataTransfer.files);
  });
}
showVerb();
connect();
