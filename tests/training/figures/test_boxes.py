"""Figures of boxes by hand, and average precision against pycocotools."""

from __future__ import annotations

import contextlib
import io
import json
from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest

from solver.results import Box
from training.figures.boxes import box_figures, judge
from training.figures.shares import Share
from training.samples.sample import Annotation

ONE, TWO = (0, 0, 10, 10), (20, 20, 30, 30)
AWAY = (50, 50, 60, 60)


def answer(*corners: float, score: float, label: str = "cat") -> Box:
    return Box(*corners, label=label, score=score)  # type: ignore[misc]


def truth(*corners: float, label: str = "cat") -> Annotation:
    return Annotation(*corners, label)  # type: ignore[arg-type]


BY_HAND = [
    ("all right", [answer(*ONE, score=0.9), answer(*TWO, score=0.8)], 1.0, 2),
    ("nothing", [], 0.0, 0),
    ("all wrong", [answer(*AWAY, score=0.9)], 0.0, 0),
    # Right up to recall .5: 51 of the 101 recalls.
    ("one missing", [answer(*ONE, score=0.9)], 51 / 101, 1),
    ("a wrong one last", [answer(*ONE, score=0.9), answer(*AWAY, score=0.1)], 51 / 101, 1),
    # Precision 1/2 and 2/3, and from above the best one: 2/3 everywhere.
    (
        "a wrong one first",
        [answer(*AWAY, score=1), answer(*ONE, score=0.9), answer(*TWO, score=0.8)],
        2 / 3,
        2,
    ),
    # The second answer for one truth is wrong, whatever it overlaps.
    ("twice the same", [answer(*ONE, score=0.9), answer(*ONE, score=0.8)], 51 / 101, 1),
    ("another class", [answer(*ONE, score=0.9, label="dog")], 0.0, 0),
    ("a little off", [answer(0, 0, 10, 6, score=0.9), answer(*TWO, score=0.8)], 1.0, 2),
    ("too far off", [answer(0, 0, 10, 4.9, score=0.9), answer(*TWO, score=0.8)], 51 / 202, 1),
]


@pytest.mark.parametrize(("answers", "ap50", "hits"), [case[1:] for case in BY_HAND])
def test_by_hand(answers: list[Box], ap50: float, hits: int) -> None:
    found = box_figures([answers], [[truth(*ONE), truth(*TWO)]])
    assert found.ap50 == pytest.approx(ap50)
    assert found.recall == Share(hits, 2)
    assert found.precision == Share(hits, len(answers))


def test_overlap_decides_the_thresholds() -> None:
    # IoU .8: right at .5 to .8, seven of the ten thresholds.
    found = box_figures([[answer(0, 0, 10, 8, score=1)]], [[truth(*ONE)]])
    assert (found.ap50, found.ap75) == (1.0, 1.0)
    assert found.ap == pytest.approx(0.7)


def test_classes_are_averaged_and_listed() -> None:
    wanted = [[truth(*ONE), truth(*TWO, label="dog")], []]
    found = box_figures([[answer(*ONE, score=0.9)], [answer(*ONE, score=0.1, label="owl")]], wanted)
    assert [(item.label, item.truths, item.ap50) for item in found.classes] == [
        ("cat", 1, 1.0),
        ("dog", 1, 0.0),
    ]
    assert found.ap == pytest.approx(0.5)
    assert found.count == 2
    assert found.precision == Share(1, 2)  # an answer of a class that is nowhere is wrong
    body = json.loads(json.dumps(found.to_dict()))
    assert body["kind"] == "detect"
    assert body["classes"]["dog"] == {"truths": 1, "ap50": 0.0, "ap": 0.0}


def test_pictures_share_one_ranking() -> None:
    wanted = [[truth(*ONE)], [truth(*ONE)]]
    good, bad = answer(*ONE, score=0.6), answer(*AWAY, score=0.9)
    assert box_figures([[good], [bad]], wanted).ap50 == pytest.approx(51 / 101 * 0.5)
    assert box_figures([[good], [answer(*AWAY, score=0.5)]], wanted).ap50 == pytest.approx(51 / 101)


@pytest.mark.parametrize(
    ("answers", "truths"), [([], []), ([[]], [[]]), ([[]], []), ([], [[truth(*ONE)]])]
)
def test_what_does_not_pair_is_refused(answers: Any, truths: Any) -> None:
    with pytest.raises(ValueError, match="expected as many answers as pictures"):
        box_figures(answers, truths)


def coco(answers: Sequence[Sequence[Box]], truths: Sequence[Sequence[Annotation]]) -> Any:
    """AP@[.5:.95], AP50 and AP75 by pycocotools."""
    api = pytest.importorskip("pycocotools.coco")
    evaluate = pytest.importorskip("pycocotools.cocoeval")
    labels = sorted({box.label for picture in truths for box in picture})

    def entry(picture: int, box: Any) -> dict[str, Any]:
        sides = [box.x2 - box.x1, box.y2 - box.y1]
        return {
            "image_id": picture,
            "category_id": labels.index(box.label),
            "bbox": [box.x1, box.y1, *sides],
            "area": sides[0] * sides[1],
            "iscrowd": 0,
        }

    known = [{**entry(picture, box), "id": 0} for picture, row in enumerate(truths) for box in row]
    for number, item in enumerate(known, 1):
        item["id"] = number
    given = [
        {**entry(picture, box), "score": box.score}
        for picture, row in enumerate(answers)
        for box in row
        if box.label in labels
    ]
    with contextlib.redirect_stdout(io.StringIO()):
        data = api.COCO()
        data.dataset = {
            "info": {},
            "images": [{"id": picture} for picture in range(len(truths))],
            "categories": [{"id": number} for number in range(len(labels))],
            "annotations": known,
        }
        data.createIndex()
        run = evaluate.COCOeval(data, data.loadRes(given), "bbox")
        run.evaluate()
        run.accumulate()
        run.summarize()
    return run.stats[:3]


@pytest.mark.parametrize("seed", range(6))
def test_random_boxes_against_pycocotools(seed: int) -> None:
    rng = np.random.default_rng(seed)
    answers, truths = [], []
    for _ in range(12):
        wanted, given = [], []
        for _ in range(rng.integers(0, 6)):
            corner = rng.uniform(0, 60, 2)
            corners = np.concatenate([corner, corner + rng.uniform(8, 40, 2)])
            label = str(rng.choice(["cat", "dog", "owl"]))
            wanted.append(truth(*corners, label=label))
            for _ in range(rng.integers(0, 3)):
                moved = np.sort((corners + rng.normal(0, 3, 4)).reshape(2, 2), axis=0).ravel()
                name = label if rng.random() < 0.9 else "dog"
                given.append(answer(*moved, score=float(rng.integers(1, 9)) / 10, label=name))
        answers.append(given)
        truths.append(wanted)
    found = box_figures(answers, truths)
    ap, ap50, ap75 = coco(answers, truths)
    assert (found.ap, found.ap50, found.ap75) == pytest.approx((ap, ap50, ap75), abs=1e-9)
    assert 0.1 < found.ap < 0.9


def test_a_picture_is_judged_box_by_box() -> None:
    answers = [answer(*AWAY, score=0.3), answer(*ONE, score=0.5), answer(*ONE, score=0.9)]
    found = judge(answers, [truth(*ONE), truth(*TWO)])
    assert found.right == (False, False, True)
    assert found.found == (True, False)
    assert not found.is_whole
    assert judge(answers[2:], [truth(*ONE)]).is_whole
    assert not judge(answers[2:], [truth(*ONE, label="dog")]).is_whole
    assert judge([], []).is_whole


def test_the_threshold_leaves_average_precision_alone() -> None:
    answers = [[answer(*ONE, score=0.9), answer(*TWO, score=0.2), answer(*AWAY, score=0.1)]]
    truths = [[truth(*ONE), truth(*TWO)]]
    every = box_figures(answers, truths)
    sure = box_figures(answers, truths, threshold=0.5)
    assert every.ap50 == sure.ap50 == 1.0
    assert (every.exact, every.recall, every.precision) == (Share(0, 1), Share(2, 2), Share(2, 3))
    assert (sure.exact, sure.recall, sure.precision) == (Share(0, 1), Share(1, 2), Share(1, 1))
    assert box_figures(answers, truths, threshold=0.15).exact == Share(1, 1)
