"""Click pictures: boxes around what is seen, orders, prompts, label formats."""

from __future__ import annotations

import json
from pathlib import Path
from xml.etree import ElementTree

import numpy as np
import pytest

from training.config import Source
from training.generators import ClickGenerator, write_records
from training.generators.fonts import FontFace, FontSet
from training.generators.marks import ALL_LOOKS, INK, Brush, Mark, coarse_mask, symbol_mask
from training.generators.scenes import SCENES, draw_scene
from training.generators.strew import painted, strew, visibility
from training.generators.text import ALNUM
from training.samples import read_source

Faces = tuple[FontFace, ...]
# Their layers reach beyond the ink that is boxed.
SOFT = {"dropped", "shadowed", "glowing", "raised", "rimmed"}


def generator(latin: Faces, **options: object) -> ClickGenerator:
    usual: dict[str, object] = {"fonts": latin, "kinds": {"alnum": 1.0}, "width": (150, 260)}
    return ClickGenerator(ALNUM, **(usual | options))


def sides(box: tuple[int, int, int, int]) -> list[tuple[slice, slice]]:
    """The outermost two rows and columns of a box."""
    x1, y1, x2, y2 = box
    rows, columns = slice(y1, y2), slice(x1, x2)
    return [
        (slice(y1, y1 + 2), columns),
        (slice(y2 - 2, y2), columns),
        (rows, slice(x1, x1 + 2)),
        (rows, slice(x2 - 2, x2)),
    ]


@pytest.mark.parametrize("name", sorted(SCENES))
def test_every_scene(name: str) -> None:
    for seed, (height, width) in enumerate([(60, 150), (120, 90), (67, 67)]):
        first, same = (SCENES[name](height, width, np.random.default_rng(seed)) for _ in range(2))
        assert first.shape == (height, width, 3)
        assert first.dtype == np.uint8
        assert (first == same).all()


def test_no_scene_reads_what_it_did_not_write() -> None:
    """The same chances give the same ground, whatever memory held before."""
    for seed in range(25):
        first = draw_scene(70, 110, np.random.default_rng(seed))
        rubbish = np.full((70, 110, 3), 1e9, np.float32)
        del rubbish
        assert (first == draw_scene(70, 110, np.random.default_rng(seed))).all()


@pytest.mark.parametrize("look", sorted(ALL_LOOKS))
@pytest.mark.parametrize("size", [16, 60])
def test_a_mark_is_seen_where_its_ink_is(latin: Faces, look: str, size: int) -> None:
    rng = np.random.default_rng(1)
    ground = np.full((2, 3), 120, np.float32)
    mask = symbol_mask(latin[0], "R", size, rng, degrees=30)
    mark = ALL_LOOKS[look](mask, size, Brush("any", 60, ground), rng)
    seen = np.full((*mark.ink.shape, 3), 120, np.float32)
    for cover, paint in mark.layers:
        share = cover[..., None].astype(np.float32) / 255
        seen = seen * (1 - share) + paint * share
    differs = np.abs(seen - 120).max(axis=2) > 25
    inked = mark.ink > INK
    assert (differs & inked).sum() > 0.7 * inked.sum()
    assert not inked[0].any()
    assert not inked[-1].any()
    if look not in SOFT:
        stray = differs & (mark.ink == 0)
        assert stray.sum() == 0


def test_boxes_are_tight(latin: Faces) -> None:
    """On one colour, what differs from it lies in the boxes, and touches all of their sides."""
    faces = FontSet(latin)
    for seed in range(25):
        picture = np.full((200, 300, 3), 120, np.uint8)
        names = [(symbol, "") for symbol in "RkW8Q"] + [("", "房子")]
        rng = np.random.default_rng(seed)
        found = strew(picture, names, rng, em=40, turn=60, faces=faces)
        assert len(found) >= 5
        differs = np.abs(picture.astype(int) - 120).max(axis=2) > 12
        outside = differs.copy()
        for _, box, _ in found:
            x1, y1, x2, y2 = box
            assert 0 <= x1 < x2 <= 300
            assert 0 <= y1 < y2 <= 200
            assert all(differs[side].any() for side in sides(box))
            outside[max(0, y1 - 9) : y2 + 9, max(0, x1 - 9) : x2 + 9] = False
        assert not outside.any()


def test_how_far_a_mark_stands_out() -> None:
    """100 below 220 is far on an even ground, and less so on an uneven one."""
    ink = np.full((20, 20), 255, np.uint8)
    mark = Mark(((ink, np.full(3, 220, np.float32)),), ink)
    even = np.full((40, 40, 3), 100, np.uint8)
    uneven = even.copy()
    uneven[::2] = 40
    uneven[1::2] = 160
    assert visibility(even, mark, (10, 10)) == pytest.approx(120 * (1 + 1 / 3) / 24)
    assert visibility(uneven, mark, (10, 10)) == pytest.approx(120 * (1 + 1 / 3) / (24 + 60))
    assert visibility(even, mark, (100, 100)) == 0


def test_hidden_marks_are_left_out(latin: Faces) -> None:
    """On noise that no ink stands out from; the first one stays."""
    names = [(symbol, "") for symbol in "RkW8Q"]
    noise = np.random.default_rng(1).integers(0, 2, (200, 300, 1)).astype(np.uint8) * 255
    counts = {}
    for visible in (0.0, 9.0):
        picture = np.repeat(noise, 3, axis=2)
        found = strew(
            *(picture, names, np.random.default_rng(2)),
            em=30,
            turn=0,
            faces=FontSet(latin),
            visible=visible,
        )
        counts[visible] = len(found)
    assert counts == {0.0: 5, 9.0: 1}


def test_a_mark_that_is_hard_to_see_is_painted_anew(latin: Faces) -> None:
    """Dark ink on a dark ground is not left out where light ink will do."""
    laid = dict.fromkeys((0.0, 5.0), 0)
    for visible in laid:
        for seed in range(12):
            picture = np.full((120, 200, 3), 60, np.uint8)
            strew(
                *(picture, [("R", ""), ("W", "")], np.random.default_rng(seed)),
                em=30,
                turn=0,
                faces=FontSet(latin),
                kind="dark",
                look="clear",
                visible=visible,
            )
            laid[visible] += picture.max() > 160
    assert laid[5.0] > laid[0.0]


def test_marks_hardly_touch(latin: Faces) -> None:
    for seed in range(20):
        _, label = generator(latin).sample(np.random.default_rng(seed))
        for i, first in enumerate(label.objects):
            for second in label.objects[i + 1 :]:
                across = min(first.box[2], second.box[2]) - max(first.box[0], second.box[0])
                down = min(first.box[3], second.box[3]) - max(first.box[1], second.box[1])
                shared = max(0, across) * max(0, down)
                x1, y1, x2, y2 = first.box
                assert shared < 0.8 * (x2 - x1) * (y2 - y1)


def test_labels(latin: Faces) -> None:
    drawn = generator(latin, prompt=1.0, kinds={"alnum": 0.5, "icons": 0.5})
    shapes = 0
    for seed in range(25):
        picture, label = drawn.sample(np.random.default_rng(seed))
        assert 150 <= picture.width <= 260
        assert [o.order for o in label.asked] == list(range(len(label.asked)))
        assert 1 <= len(label.asked) <= 6
        assert len({o.name for o in label.asked}) == len(label.asked)
        assert len(label.objects) <= 10
        assert all(bool(o.text) != bool(o.shape) for o in label.objects)
        assert all(abs(o.angle) <= 75 for o in label.objects)
        assert label.prompt is not None
        assert label.prompt.width > label.prompt.height * 0.6
        shapes += sum(bool(o.shape) for o in label.objects)
    assert shapes > 10


def test_same_rng_same_picture(latin: Faces) -> None:
    one, two = (generator(latin).sample(np.random.default_rng(9)) for _ in range(2))
    assert one[0].tobytes() == two[0].tobytes()
    assert one[1].objects == two[1].objects


def test_sizes_cover_what_is_asked(latin: Faces) -> None:
    drawn = generator(latin, width=(300, 500), size=(1 / 20, 1 / 3))
    sides_ = []
    for seed in range(30):
        picture, label = drawn.sample(np.random.default_rng(seed))
        sides_ += [(o.box[3] - o.box[1]) / max(picture.size) for o in label.objects]
    assert min(sides_) < 0.07
    assert max(sides_) > 0.17


def test_coarse_marks_have_stairs(latin: Faces) -> None:
    mask = coarse_mask(latin[0], "O", 60, np.random.default_rng(0), degrees=0)
    assert (mask > 128).any()


@pytest.mark.parametrize(
    "options",
    [
        {"width": (10, 20)},
        {"asked": (0, 2)},
        {"asked": (3, 2)},
        {"turn": 200},
        {"size": (0.2, 0.9)},
        {"kinds": {"emoji": 1}},
        {"kinds": {}},
        {"formats": ["csv"]},
        {"formats": []},
    ],
)
def test_bad_options(latin: Faces, options: dict[str, object]) -> None:
    with pytest.raises(ValueError, match="Received"):
        generator(latin, **options)


def test_formats_agree(latin: Faces, tmp_path: Path) -> None:
    formats = ("jsonl", "voc", "coco", "yolo")
    write_records(tmp_path, generator(latin, formats=formats), 4, seed=2)
    lines = (tmp_path / "labels.jsonl").read_text("utf-8").splitlines()
    records = [json.loads(line) for line in lines]
    coco = json.loads((tmp_path / "coco.json").read_text("utf-8"))
    names = {entry["id"]: entry["name"] for entry in coco["categories"]}
    assert len(records) == len(coco["images"]) == 4
    for number, record in enumerate(records, 1):
        stem = record["file"].removesuffix(".jpg")
        boxes = [tuple(item["box"]) for item in record["objects"]]
        texts = [item["text"] or item["shape"] for item in record["objects"]]
        mine = [entry for entry in coco["annotations"] if entry["image_id"] == number]
        assert [names[entry["category_id"]] for entry in mine] == texts
        assert [(x, y, x + w, y + h) for x, y, w, h in (entry["bbox"] for entry in mine)] == boxes
        root = ElementTree.parse(tmp_path / "annotations" / f"{stem}.xml").getroot()
        corners = [[int(value.text) for value in box] for box in root.iter("bndbox")]
        assert [(x1 - 1, y1 - 1, x2, y2) for x1, y1, x2, y2 in corners] == boxes
        assert [name.text for name in root.iter("name")] == texts
        lines = (tmp_path / "labels" / f"{stem}.txt").read_text().splitlines()
        for line, (x1, _, x2, _) in zip(lines, boxes, strict=True):
            _, middle, _, width, _ = map(float, line.split())
            assert middle * record["width"] == pytest.approx((x1 + x2) / 2, abs=1e-3)
            assert width * record["width"] == pytest.approx(x2 - x1, abs=1e-3)


def test_chinese(chinese: Faces) -> None:
    drawn = ClickGenerator(
        "茶杯旗子小鸟铃铛", fonts=chinese, kinds={"chinese": 1}, width=(200, 300)
    )
    for seed in range(5):
        _, label = drawn.sample(np.random.default_rng(seed))
        assert {o.text for o in label.objects} <= set("茶杯旗子小鸟铃铛")


@pytest.mark.parametrize("reader", ["coco", "voc", "yolo"])
def test_every_format_is_read_back(latin: Faces, tmp_path: Path, reader: str) -> None:
    drawn = generator(latin, prompt=0.0, formats=("coco", "voc", "yolo"))
    write_records(tmp_path, drawn, 3, seed=4)
    lines = (tmp_path / "labels.jsonl").read_text(encoding="utf-8").splitlines()
    records = [json.loads(line) for line in lines]
    samples = read_source(Source(str(tmp_path), reader=reader), tmp_path)
    assert [sample.path.name for sample in samples] == [record["file"] for record in records]
    for sample, record in zip(samples, records, strict=True):
        wanted = sorted(tuple(item["box"]) for item in record["objects"])
        found = sorted((box.x1, box.y1, box.x2, box.y2) for box in sample.boxes)
        # VOC counts pixels from 1.
        np.testing.assert_allclose(found, wanted, atol=1.0 if reader == "voc" else 1e-3)
        names = {"mark"} if reader == "yolo" else {item["text"] for item in record["objects"]}
        assert {box.label for box in sample.boxes} == names


def test_a_mark_may_lie_outside_of_the_picture() -> None:
    picture = np.full((40, 40, 3), 90, np.uint8)
    mask = np.full((20, 20), 255, np.uint8)
    for corner in ((-30, 5), (45, 5), (5, 60)):
        mark = painted(picture, mask, 20, corner, np.random.default_rng(3))
        assert mark.layers


def test_a_mark_that_left_no_ink_is_none(latin: Faces) -> None:
    """A grave of 14 pixels, now and then, covers no pixel well enough."""
    found = []
    for seed in range(60):
        picture = np.full((120, 200, 3), 200, np.uint8)
        rng = np.random.default_rng(seed)
        found += strew(picture, [("`", "")] * 6, rng, em=14, turn=60, faces=FontSet(latin))
    assert 300 < len(found) < 6 * 60
    assert all(x1 < x2 and y1 < y2 for _, (x1, y1, x2, y2), _ in found)
