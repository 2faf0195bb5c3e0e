// An answer as elements: what was read beside the picture, and marks on it.

export function element(tag, attributes = {}, ...children) {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (value !== undefined) made.setAttribute(name, value);
  }
  made.append(...children.filter((child) => child !== null && child !== undefined));
  return made;
}

export const percent = (share) => {
  const value = share * 100;
  return `${value >= 99.5 && share < 1 ? ">99" : value < 1 && share > 0 ? "<1" : Math.round(value)} %`;
};

const trustOf = (share) => (share >= 0.9 ? "sure" : share >= 0.7 ? "likely" : "doubtful");

// One line that says the answer, for a screen reader and for the title of a picture.
export const SAID = {
  text: (answer) => answer.text || "No text",
  classify: (answer) => answer.label,
  detect: (answer) => `${answer.boxes.length} ${answer.boxes.length === 1 ? "thing" : "things"}`,
  tiles: (answer) =>
    answer.indices.length
      ? `${answer.indices.length === 1 ? "Tile" : "Tiles"} ${answer.indices.map((index) => index + 1).join(", ")}`
      : "No tile",
  click: (answer) => `${answer.points.length} ${answer.points.length === 1 ? "point" : "points"}`,
  slide: (answer) => `${round(answer.offset)} px`,
};

export function sentence(verb, answer) {
  const sure = answer.confidence === undefined ? "" : `, ${percent(answer.confidence)} sure`;
  return SAID[verb](answer) + sure;
}

// The facts beside the picture.
export function describe(verb, answer) {
  const parts = [
    element("p", { class: verb === "text" ? "answer" : "answer words" }, SAID[verb](answer)),
  ];
  if (answer.confidence !== undefined) {
    const trust = trustOf(answer.confidence);
    parts.push(element("p", { class: `trust ${trust}` }, `${percent(answer.confidence)} ${trust}`));
  }
  parts.push(...(FACTS[verb]?.(answer) ?? []));
  return parts;
}

const FACTS = {
  text: (answer) => [letters(answer.characters), others(answer.alternatives)],
  classify: (answer) => [others(answer.alternatives)],
  detect: (answer) => [rows("Things, best first", answer.boxes.map((box) => [box.label, box.score]))],
  tiles: (answer) => [
    rows("Asked for", answer.prompt.map((word) => [word.label, word.confidence])),
    rows("Tiles, row by row", answer.tiles.map((tile, index) => [
      `${index + 1} ${tile.label}`, tile.match,
    ])),
  ],
  click: (answer) => [
    rows("In order", answer.targets.map((target, index) => [found(target, index), target.confidence])),
    warning("Not found", answer.missing, answer),
    warning("Could be another", answer.ambiguous, answer),
  ],
  slide: (answer) => [
    rows("Other places", answer.alternatives.map((other) => [`${round(other.offset)} px`, other.confidence])),
  ],
};

function letters(characters) {
  if (!characters.length) return null;
  const items = characters.map(({ text, confidence }) => {
    const column = element("div", { class: `column ${trustOf(confidence)}`, "aria-hidden": "true" }, element("i"));
    column.style.setProperty("--share", confidence);
    return element("li", {}, element("b", {}, text), column, element("small", {}, percent(confidence)));
  });
  return element("div", {}, element("h4", {}, "Each character"), element("ol", { class: "letters" }, ...items));
}

const others = (alternatives) => rows("Or", alternatives.map((other) => [other.text, other.confidence]));

function rows(title, pairs) {
  if (!pairs.length) return null;
  const items = pairs.map(([text, share]) => {
    const bar = element("div", { class: "row", "aria-hidden": "true" }, element("i"));
    bar.style.setProperty("--share", share);
    return element("li", {}, element("span", {}, text), bar, element("small", {}, percent(share)));
  });
  return element("div", {}, element("h4", {}, title), element("ol", { class: "rows" }, ...items));
}

const called = (target, index) => `${index + 1} ${target.text}`.trim();
const found = (target, index) => called(target, index) + (target.point ? "" : " (not there)");

function warning(title, places, answer) {
  if (!places.length) return null;
  const names = places.map((place) => called(answer.targets[place], place));
  return element("p", { class: "notice" }, `${title}: ${names.join(", ")}`);
}

const round = (value) => Math.round(value * 10) / 10;

// Marks over a picture of width × height pixels, placed in percent so that they scale with it.
export function marks(verb, answer, width, height) {
  const at = (made, x, y, w, h) => {
    const share = (value, whole) => `${(100 * value) / whole}%`;
    made.style.setProperty("--x", share(x, width));
    made.style.setProperty("--y", share(y, height));
    if (w !== undefined) made.style.setProperty("--w", share(w, width));
    if (h !== undefined) made.style.setProperty("--h", share(h, height));
    return made;
  };
  const box = ([x1, y1, x2, y2], kind, tag) => {
    // Above its box, so that it hides nothing; inside where there is no room above.
    const place = `tag ${kind === "chosen" || y1 < 0.12 * height ? "inside" : ""} ${x1 > 0.6 * width ? "left" : ""}`;
    return at(element("div", { class: `box ${kind}` }, tag ? element("span", { class: place }, tag) : null),
      x1, y1, x2 - x1, y2 - y1);
  };
  const dot = ([x, y], text) => at(element("div", { class: "dot" }, text), x, y);
  const corners = ({ x1, y1, x2, y2 }) => [x1, y1, x2, y2];
  const made = {
    detect: () => answer.boxes.map((item) => box(corners(item), "", `${item.label} ${percent(item.score)}`)),
    tiles: () => answer.tiles.map((tile, index) => {
      const chosen = answer.indices.includes(index);
      return box(tile.xyxy, chosen ? "chosen" : "faint", chosen ? `✓ ${index + 1}` : null);
    }),
    click: () => answer.targets.flatMap((target, index) =>
      target.point ? [box(corners(target.box), "faint"), dot(target.point, String(index + 1))] : []),
    slide: () => {
      const middle = (answer.box.y1 + answer.box.y2) / 2;
      const from = Math.max(0, answer.box.x1 - Math.max(0, answer.offset));
      return [
        ...answer.alternatives.map((other) => box(corners(other.box), "faint")),
        box(corners(answer.box), "chosen"),
        at(element("div", { class: "drag" }), from, middle, answer.box.x1 - from),
      ];
    },
  }[verb]?.() ?? [];
  return made;
}
