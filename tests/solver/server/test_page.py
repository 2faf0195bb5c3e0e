"""The page in a real browser: pictures in, answers out, without a mouse and for a screen reader."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from solver import Solver, images
from tests.solver.grids import draw_grid

pytestmark = pytest.mark.browser
Draw = Callable[..., Any]
VERBS = {
    "Text": "text",
    "One class": "classify",
    "Things": "detect",
    "Grid": "tiles",
    "Click in order": "click",
    "Slider": "slide",
}
PATIENCE = 120_000  # milliseconds: the machine may be busy


@pytest.fixture
def page(chromium: Any, served: str) -> Iterator[Any]:
    """The page, opened; nothing may be asked of any other address, and nothing may go wrong."""
    context = chromium.new_context(viewport={"width": 1000, "height": 900})
    context.grant_permissions(["clipboard-read", "clipboard-write"], origin=served)
    context.set_default_timeout(PATIENCE)
    faults: list[str] = []
    context.on("request", lambda request: foreign(request.url, served, faults))
    found = context.new_page()
    found.on("pageerror", lambda error: faults.append(str(error)))
    found.on("console", lambda line: line.type == "error" and faults.append(line.text))
    found.goto(served)
    found.get_by_text("model").first.wait_for()
    yield found
    context.close()
    assert [fault for fault in faults if "422" not in fault and "404" not in fault] == []


def foreign(url: str, served: str, faults: list[str]) -> None:
    if not url.startswith((served, "blob:")):
        faults.append(f"asked {url}")


@pytest.fixture
def files(tmp_path: Path, draw: Draw, cells: Draw) -> dict[str, Path]:
    slider = np.random.default_rng(1).integers(90, 200, (100, 200, 3)).astype(np.uint8)
    slider[30:70, 120:160] //= 3
    pictures = {
        "text": draw("12ab"),
        "other": draw("9"),
        "classify": draw("12"),
        "detect": cells((0, 1), (2, 3)),
        "tiles": draw_grid(),
        "click": cells((0, 1)),
        "slide": slider,
    }
    for name, pixels in pictures.items():
        Image.fromarray(pixels).save(tmp_path / f"{name}.png")
    (tmp_path / "none.png").write_bytes(b"no picture")
    return {path.stem: path for path in tmp_path.iterdir()}


def give(page: Any, *paths: Path) -> None:
    before = page.locator("#results > li").count()
    page.locator("#files").set_input_files([str(path) for path in paths])
    page.locator("#results > li").nth(before + len(paths) - 1).wait_for()
    page.locator(".waiting").first.wait_for(state="detached")


def told(page: Any, words: str) -> None:
    """Wait until a screen reader would say this."""
    page.locator("#live", has_text=words).wait_for(state="attached")


def test_several_texts_at_once(page: Any, files: dict[str, Path]) -> None:
    give(page, files["text"], files["other"])
    answers = page.locator("#results > li")
    assert answers.nth(0).locator(".answer").inner_text() == "12ab"
    assert answers.nth(1).locator(".answer").inner_text() == "9"
    letters = answers.nth(0).locator(".letters li")
    assert [letter.locator("b").inner_text() for letter in letters.all()] == list("12ab")
    assert page.locator("#live").inner_text().startswith("2 answers. text.png: 12ab")


@pytest.mark.parametrize(
    ("label", "marks"), [("Things", 2), ("Grid", 8), ("Click in order", 2), ("Slider", 2)]
)
def test_answers_are_drawn_where_they_are(
    page: Any, files: dict[str, Path], toy_models: dict[str, str], label: str, marks: int
) -> None:
    verb = VERBS[label]
    page.get_by_role("radio", name=label).check(force=True)
    if verb == "click":
        page.get_by_label("What to click, in order").fill("c")
    if verb == "tiles":
        page.get_by_text("Options", exact=True).click()
        page.get_by_label("Wanted, in place of the header").fill("cat")
    give(page, files[verb])
    if verb == "click":  # the toy reader has no such character: what is left over is taken
        assert page.locator(".facts h4").count() + page.locator(".failed").count() > 0
        return
    card = page.locator("#results > li").first
    drawn = card.locator(".marks > *")
    assert drawn.count() >= marks
    local, picture = Solver(*toy_models.values()), files[verb]
    where = {
        "detect": lambda: local.detect(picture)[0].xyxy,
        "tiles": lambda: local.tiles(picture, wanted="cat").tiles[0].xyxy,
        "slide": lambda: local.slide(picture).box.xyxy,
    }[verb]()
    shown = card.locator("img").bounding_box()
    scale = shown["width"] / images.load(picture).shape[1]
    boxes = [item.bounding_box() for item in card.locator(".box").all()]
    expected = (shown["x"] + where[0] * scale, shown["y"] + where[1] * scale)
    assert min(max(abs(b["x"] - expected[0]), abs(b["y"] - expected[1])) for b in boxes) <= 2


def test_a_class(page: Any, files: dict[str, Path], toy_models: dict[str, str]) -> None:
    page.get_by_role("radio", name="One class").check(force=True)
    give(page, files["classify"])
    expected = Solver(toy_models["toy-class"]).classify(files["classify"]).label
    assert page.locator(".answer").inner_text() == expected


def test_options_count_and_can_be_asked_again(page: Any, files: dict[str, Path]) -> None:
    give(page, files["text"])
    page.get_by_text("Options", exact=True).click()
    page.get_by_label("Length").fill("3")
    page.get_by_role("button", name="Ask again").click()
    page.locator(".letters li").nth(3).wait_for(state="detached")
    assert len(page.locator(".answer").inner_text()) == 3
    page.get_by_label("Length").fill("three")
    page.get_by_role("button", name="Ask again").click()
    assert page.get_by_label("Length").evaluate("field => field.validity.valid") is False


def test_what_cannot_be_answered_says_why(page: Any, files: dict[str, Path]) -> None:
    give(page, files["none"])
    assert page.locator(".failed").inner_text() == "ImageError"
    assert "expected a picture" in page.locator(".why").inner_text()
    assert "none.png: expected a picture" in page.locator("#live").inner_text()


def test_copies(page: Any, files: dict[str, Path], served: str) -> None:
    give(page, files["text"])
    page.get_by_role("button", name="Copy as JSON").click()
    told(page, "Copied as JSON.")
    copied = page.evaluate("navigator.clipboard.readText()")
    assert json.loads(copied)["text"] == "12ab"
    page.get_by_role("button", name="Copy as Python").click()
    told(page, "Copied as Python.")
    copied = page.evaluate("navigator.clipboard.readText()")
    compile(copied, "copied.py", "exec")
    assert f'solver.RemoteSolver("{served}")' in copied
    assert 's.text("text.png", top_k=3)' in copied


@pytest.mark.parametrize("kind", ["paste", "drop"])
def test_pasted_and_dropped(page: Any, files: dict[str, Path], kind: str) -> None:
    encoded = base64.b64encode(files["text"].read_bytes()).decode()
    page.evaluate(
        """([kind, encoded]) => {
          const bytes = Uint8Array.from(atob(encoded), (c) => c.charCodeAt(0));
          const data = new DataTransfer();
          data.items.add(new File([bytes], "given.png", { type: "image/png" }));
          const event = kind === "paste"
            ? new ClipboardEvent("paste", { clipboardData: data, bubbles: true })
            : new DragEvent("drop", { dataTransfer: data, bubbles: true, cancelable: true });
          document.body.dispatchEvent(event);
        }""",
        [kind, encoded],
    )
    page.get_by_text("12ab", exact=True).first.wait_for()


def test_by_keyboard_alone(page: Any, files: dict[str, Path]) -> None:
    order = []
    for _ in range(5):
        page.keyboard.press("Tab")
        order.append(
            page.evaluate(
                "document.activeElement.id || document.activeElement.value"
                " || document.activeElement.tagName"
            )
        )
    # The skip link, the chosen verb as one stop, the pictures, the options.
    assert order[:4] == ["A", "text", "files", "SUMMARY"]
    page.locator("input[name=verb]:checked").focus()
    page.keyboard.press("ArrowRight")
    assert page.get_by_role("radio", name="One class").is_checked()
    page.keyboard.press("ArrowLeft")
    with page.expect_file_chooser() as chooser:
        page.locator("#files").focus()
        page.keyboard.press("Enter")
    chooser.value.set_files(str(files["text"]))
    page.get_by_text("12ab", exact=True).first.wait_for()
    page.get_by_role("button", name="Copy as JSON").focus()
    page.keyboard.press("Enter")
    told(page, "Copied as JSON.")
    page.get_by_role("button", name="Clear").focus()
    page.keyboard.press("Space")
    assert page.locator("#results > li").count() == 0
    assert page.evaluate("document.activeElement.id") == "files"


def test_for_a_screen_reader(page: Any, files: dict[str, Path]) -> None:
    give(page, files["text"])
    assert page.get_by_role("group", name="What is on the picture?").is_visible()
    assert page.get_by_role("radio").count() == 6
    assert page.get_by_role("heading", level=2, name="Answers").is_visible()
    assert page.get_by_role("heading", level=3, name="text.png").is_visible()
    assert page.get_by_role("img", name="The picture text.png").is_visible()
    assert page.get_by_role("button", name="Copy as JSON: text.png").is_visible()
    live = page.locator("#live")
    assert (live.get_attribute("role"), live.get_attribute("aria-live")) == ("status", "polite")
    assert live.inner_text().startswith("text.png: 12ab, ")
    # Every field has a name, and what is drawn is told in words beside it.
    unnamed = page.evaluate(
        """[...document.querySelectorAll("input, select")]
             .filter((field) => !field.labels?.length).map((field) => field.id)"""
    )
    assert unnamed == []
    assert page.locator(".marks").first.get_attribute("aria-hidden") == "true"


def luminance(colour: str) -> float:
    parts = [int(part) / 255 for part in colour[colour.index("(") + 1 : -1].split(",")[:3]]
    linear = [c / 12.92 if c <= 0.03928 else ((c + 0.055) / 1.055) ** 2.4 for c in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [1200, 360])
def test_contrast_and_width(page: Any, files: dict[str, Path], scheme: str, width: int) -> None:
    page.emulate_media(color_scheme=scheme)
    page.set_viewport_size({"width": width, "height": 800})
    give(page, files["text"], files["none"])
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    for selector in (".answer", ".trust", ".name", "h4", ".failed", ".why", "#how", "summary"):
        ink, ground = page.locator(selector).first.evaluate(
            """(item) => {
              let under = item;
              while (getComputedStyle(under).backgroundColor === "rgba(0, 0, 0, 0)") {
                under = under.parentElement;
              }
              return [getComputedStyle(item).color, getComputedStyle(under).backgroundColor];
            }"""
        )
        light, dark = sorted((luminance(ink), luminance(ground)), reverse=True)
        # WCAG 2.2, level AA, of text.
        assert (light + 0.05) / (dark + 0.05) >= 4.5, (selector, ink, ground)
