"use strict";

const find = (id) => document.getElementById(id);
const form = document.querySelector("form");
const kind = form.dataset.kind;

/* A picture's own pixels for each CSS pixel that it is shown in. */
const enlargement = (picture) => picture.naturalWidth / picture.clientWidth;

async function challenge() {
  const reply = await fetch(`/captcha/${kind}.json`);
  if (!reply.ok) {
    find("said").textContent =
      reply.status === 429 ? `Too many pictures: wait ${reply.headers.get("Retry-After")} s.` : "No picture came.";
    throw new Error(`status ${reply.status}`);
  }
  return reply.json();
}

function setUpAddress(reset) {
  let count = 0;
  find("new").addEventListener("click", () => {
    const picture = find("captcha");
    picture.src = `${picture.getAttribute("src").split("?")[0]}?${(count += 1)}`;
    reset();
  });
}

function setUpPoints() {
  const picture = find("captcha");
  const field = find("points");
  let points = [];
  const show = () => {
    picture.parentElement.querySelectorAll(".mark").forEach((mark) => mark.remove());
    points.forEach(([x, y], index) => {
      const mark = document.createElement("span");
      mark.className = "mark";
      mark.textContent = kind === "click" ? index + 1 : "✓";
      mark.style.left = `${x / enlargement(picture)}px`;
      mark.style.top = `${y / enlargement(picture)}px`;
      picture.parentElement.append(mark);
    });
    field.value = points.map(([x, y]) => `${x.toFixed(1)},${y.toFixed(1)}`).join(" ");
  };
  picture.addEventListener("click", (event) => {
    const box = picture.getBoundingClientRect();
    const unit = enlargement(picture);
    const x = (event.clientX - box.left) * unit;
    const y = (event.clientY - box.top) * unit;
    const near = points.findIndex(([a, b]) => Math.hypot(a - x, b - y) < 12 * unit);
    if (near >= 0) points.splice(near, 1);
    else points.push([x, y]);
    show();
  });
  return () => {
    points = [];
    show();
  };
}

async function newClick(reset) {
  const shown = await challenge();
  find("captcha").src = shown.captcha;
  find("asked").textContent = shown.asked;
  reset();
}

function setUpSlide() {
  const [background, piece, handle] = ["background", "piece", "handle"].map(find);
  let start = 0;
  let place = 0;
  const room = () => handle.parentElement.clientWidth - handle.offsetWidth;
  /* The knob's way and the piece's are not equally long. */
  const way = () => background.clientWidth - piece.clientWidth - start;
  const move = (to) => {
    place = Math.min(Math.max(to, 0), room());
    handle.style.left = `${place}px`;
    const moved = (place / room()) * way();
    piece.style.left = `${start + moved}px`;
    handle.setAttribute("aria-valuenow", Math.round((100 * place) / room()));
    find("offset").value = (moved * enlargement(background)).toFixed(2);
  };
  handle.addEventListener("pointerdown", (event) => {
    const from = event.clientX - place;
    const follow = (next) => move(next.clientX - from);
    handle.setPointerCapture(event.pointerId);
    handle.addEventListener("pointermove", follow);
    const end = () => handle.removeEventListener("pointermove", follow);
    handle.addEventListener("pointerup", end, { once: true });
    handle.addEventListener("pointercancel", end, { once: true });
    event.preventDefault();
  });
  handle.addEventListener("keydown", (event) => {
    const step = { ArrowLeft: -1, ArrowRight: 1, PageDown: -20, PageUp: 20 }[event.key];
    if (step) {
      move(place + step);
      event.preventDefault();
    }
  });
  return async () => {
    const shown = await challenge();
    background.src = shown.background;
    piece.src = shown.piece;
    await Promise.all([background.decode(), piece.decode()]);
    const unit = enlargement(background);
    start = shown.start / unit;
    piece.style.top = `${shown.top / unit}px`;
    piece.style.width = `${piece.naturalWidth / unit}px`;
    move(0);
  };
}

if (kind === "text") {
  setUpAddress(() => {
    find("code").value = "";
  });
} else if (kind === "grid") {
  setUpAddress(setUpPoints());
} else if (kind === "click") {
  const reset = setUpPoints();
  find("new").addEventListener("click", () => newClick(reset));
  newClick(reset);
} else {
  const renew = setUpSlide();
  find("new").addEventListener("click", renew);
  renew();
}
