"use strict";

const by = (id) => document.getElementById(id);
const seen = []; // indices of the pictures before this one
let item = null;
let busy = false;

function percent(share) {
  return `${(100 * share).toFixed(share > 0.995 ? 1 : 0)} %`;
}

function hint(found, state) {
  if (found.broken) return `This file cannot be read as a picture: ${found.broken}`;
  if (found.is_unusable) return "You marked this picture as unusable.";
  if (found.label !== null) return `You called it “${found.label}”.`;
  if (found.guess === "") return "The model reads nothing here.";
  if (found.guess !== null) return `The model's guess, ${percent(found.confidence)} sure.`;
  return state.has_model ? "The model has not looked at this one yet." : "";
}

function show(state) {
  item = state.item;
  const done = state.labelled + state.unusable;
  by("count").textContent = `${done} of ${state.total} done` +
    (state.unusable ? `, ${state.unusable} unusable` : "");
  by("bar").max = state.total;
  by("bar").value = done;
  by("status").textContent = state.fault ||
    (state.is_guessing ? `The model has looked at ${state.looked} pictures so far.` : "");
  by("form").hidden = item === null;
  by("end").hidden = item !== null;
  by("back").disabled = by("last").disabled = seen.length === 0;
  if (item === null) {
    by("last").focus();
    return;
  }
  by("picture").src = `picture/${item.index}`;
  by("name").textContent = item.name;
  by("hint").textContent = hint(item, state);
  by("choices").replaceChildren(...state.choices.map((name) => new Option(name, name)));
  by("label").value = item.label ?? item.guess ?? "";
  by("label").focus();
  by("label").select();
}

async function ask(path, body) {
  if (busy) return false;
  busy = true;
  by("error").textContent = "";
  try {
    const options = body === undefined ? {} : {
      method: "POST",
      headers: { "Content-Type": "application/json" },
      body: JSON.stringify(body),
    };
    const response = await fetch(path, options);
    const answer = await response.json();
    if (!response.ok) throw new Error(answer.error);
    show(answer);
    return true;
  } catch (error) {
    by("error").textContent = error instanceof TypeError
      ? "The program does not answer. Is it still running?" : error.message;
    return false;
  } finally {
    busy = false;
  }
}

async function answer(path, more) {
  if (item === null || busy) return;
  const index = item.index;
  seen.push(index);
  if (!await ask(path, { index, ...more })) {
    seen.pop();
    by("back").disabled = seen.length === 0;
  }
}

async function back() {
  if (seen.length === 0 || busy) return;
  const index = seen.pop();
  if (!await ask(`item/${index}`)) seen.push(index);
}

by("form").addEventListener("submit", (event) => {
  event.preventDefault();
  answer("label", { label: by("label").value });
});
by("skip").addEventListener("click", () => answer("skip"));
by("unusable").addEventListener("click", () => answer("unusable"));
by("back").addEventListener("click", back);
by("last").addEventListener("click", back);
document.addEventListener("keydown", (event) => {
  if (event.isComposing || event.repeat) return;
  const keys = { KeyB: back, KeyU: () => answer("unusable") };
  if (event.key === "Escape") {
    event.preventDefault();
    answer("skip");
  } else if (event.altKey && !event.ctrlKey && !event.metaKey && keys[event.code]) {
    event.preventDefault();
    keys[event.code]();
  }
});
ask("next");
