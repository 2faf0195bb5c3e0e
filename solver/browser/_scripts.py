"""What is asked of the page, as JavaScript functions of ``(element, argument)``.

They look, scroll the element into view, and set the two styles that a photograph of a slider
needs. None of them makes a request or raises an event of input.
"""

from __future__ import annotations

# Waits until the element is loaded, decoded, drawn, and stands still; then says where it is.
MEASURE = """
async (element, timeout) => {
  const end = performance.now() + timeout;
  const pause = (ms) => new Promise((go) => setTimeout(go, ms));
  const frame = () => Promise.race([new Promise((go) => requestAnimationFrame(go)), pause(100)]);
  const pictures = element.tagName === "IMG" ? [element] : [...element.querySelectorAll("img")];
  const place = () => {
    const { x, y, width, height } = element.getBoundingClientRect();
    return [x, y, width, height];
  };
  const loaded = () => pictures.every((one) => one.complete && one.naturalWidth > 0);
  let before = [];
  for (;;) {
    // Each time: a picture grows when it is loaded.
    element.scrollIntoView({ block: "nearest", inline: "nearest", behavior: "instant" });
    const now = place();
    const still = now.every((value, index) => value === before[index]);
    if (loaded() && still && now[2] > 0 && now[3] > 0) break;
    if (performance.now() > end) {
      return { late: loaded() ? (now[2] > 0 ? "does not stand still" : "is not shown")
                              : "has not loaded" };
    }
    before = now;
    await frame();
    if (!loaded()) await pause(30);
  }
  await Promise.all(pictures.map((one) => one.decode().catch(() => undefined)));
  await frame();
  await frame();
  const [, , width, height] = place();
  const style = getComputedStyle(element);
  const wide = element.offsetWidth ? width / element.offsetWidth : 1;
  const high = element.offsetHeight ? height / element.offsetHeight : 1;
  // A picture fills the content box; the ground of any other element its padding box.
  const filled = ["IMG", "CANVAS", "VIDEO", "INPUT"].includes(element.tagName.toUpperCase());
  const inset = (side, unit) =>
    (parseFloat(style[`border${side}Width`]) + (filled ? parseFloat(style[`padding${side}`]) : 0)
      || 0) * unit;
  return {
    width, height,
    insets: [inset("Left", wide), inset("Top", high), inset("Right", wide), inset("Bottom", high)],
    ratio: devicePixelRatio,
  };
}
"""

# Waits for two frames that are really drawn: what the pointer did before has reached the page then.
FRAMES = """
async (element) => {
  if (element.ownerDocument.hidden) return;
  for (let left = 2; left; left -= 1) {
    await Promise.race([
      new Promise((go) => requestAnimationFrame(go)), new Promise((go) => setTimeout(go, 1000)),
    ]);
  }
}
"""

# Sets styles for a photograph; gives the style attribute as it was.
DRESS = """
(element, styles) => {
  const before = element.getAttribute("style");
  element.style.setProperty("transition", "none", "important");
  for (const [name, value] of Object.entries(styles)) {
    element.style.setProperty(name, value, "important");
  }
  return before;
}
"""

# Puts the style back: by cssText, because a page's policy may forbid to set the attribute.
UNDRESS = """
(element, before) => {
  if (before === null) element.removeAttribute("style");
  else element.style.cssText = before;
}
"""

TEXT = "(element) => element.innerText ?? element.textContent"
