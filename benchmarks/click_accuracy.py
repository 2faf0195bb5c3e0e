"""Clicking in order: boxes found, pictures answered whole, doubts raised, CPU time, file sizes.

    python benchmarks/click_accuracy.py --peers PEERS/ddddocr

Measures the click sets of the data folder, none of which trained anything, and 200 generated
pictures with something wrong (benchmarks/_click_hard.py) beside 100 with nothing wrong. ddddocr's
detector finds boxes on the same pictures; it orders nothing. Precision is counted on pictures
whose marks are all labelled; right is every mark asked for clicked in its order, inside its box.
Times are CPU time, one thread, from encoded bytes to answer.
``--quick`` takes 20 pictures a set.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import _common as common
import _peer
import _scores as scores
import numpy as np
from _click_hard import SOUND, WRONG, HardGenerator, HardPicture
from _click_sets import READERS, ClickPicture, Corners, read_set
from _common import Bar

from solver import Solver
from solver.errors import SolverError
from solver.geometry import iou
from solver.results import ClickResult

WORKER = Path(__file__).parent / "peers" / "click_worker.py"
OWN = "solver"
OVERLAP = 0.5
QUICK = 20
WRONG_COUNT, SOUND_COUNT = 67, 100
SHAPES = "click_gen-gocaptcha_shape"
FINDING_HEADER = ("set", "reader", "pictures", "marks", "recall", "precision", "CPU ms p50")
CLICKING_HEADER = ("set", "asked by", "of", "pictures", "right (95 %)", "flagged", "CPU ms p50")
# Pictures all of whose marks are asked for, and those with marks besides.
LISTED, MORE = "all marks", "some of them"
DOUBTS_HEADER = ("something wrong", "pictures", "flagged", "the others right")
# Least recall and precision.
FINDING = {
    "click_gen-gocaptcha": (0.985, 0.97),
    "click_gen-nickliqian": (0.985, 0.97),
    "click_geetest": (0.965, 0.95),
}
# Least share of pictures all of whose marks are asked for, by set and by what asks: named
# characters, or a prompt's picture.
ORDERING = {
    ("click_gen-gocaptcha", "text"): 0.93,
    ("click_gen-nickliqian", "text"): 0.95,
    (SHAPES, "prompt"): 0.90,
}


@dataclass(frozen=True)
class Found:
    """What one detector made of one picture: marks found of all, boxes right of all."""

    group: str
    name: str
    reader: str
    marks: int
    found: int
    boxes: int
    right: int
    whole: bool
    cpu_s: float


@dataclass(frozen=True)
class Clicked:
    """One picture answered: whether every point lies in its box, and what was said of it."""

    group: str
    name: str
    asked_by: str
    of: str
    right: bool
    points: int
    marks: int
    confidence: float
    missing: int
    ambiguous: int
    cpu_s: float


def judge(picture: ClickPicture, boxes: Sequence[Corners], reader: str, cpu_s: float) -> Found:
    """Marks and boxes matched one to one, best overlaps first."""
    truths = np.array([mark.box for mark in picture.marks], dtype=np.float64).reshape(-1, 4)
    overlaps = iou(truths, np.array(boxes, dtype=np.float64).reshape(-1, 4))
    right = 0
    while overlaps.size and overlaps.max() >= OVERLAP:
        row, column = np.unravel_index(int(overlaps.argmax()), overlaps.shape)
        overlaps[row, :] = overlaps[:, column] = -1.0
        right += 1
    return Found(
        picture.group,
        picture.name,
        reader,
        len(truths),
        right,
        len(boxes),
        right,
        picture.whole,
        cpu_s,
    )


def find_own(solver: Solver, picture: ClickPicture) -> Found:
    started = time.process_time()
    boxes = solver.detect(picture.data)
    cpu = time.process_time() - started
    return judge(picture, [box.xyxy for box in boxes], OWN, cpu)


def find_peer(peer: _peer.Ddddocr, picture: ClickPicture) -> Found:
    answer = peer.ask(picture=picture.data)
    return judge(picture, [tuple(box) for box in answer["boxes"]], peer.name, answer["cpu_s"])


def inside(point: tuple[float, float] | None, box: Corners) -> bool:
    return point is not None and box[0] <= point[0] <= box[2] and box[1] <= point[1] <= box[3]


def click(solver: Solver, picture: ClickPicture, asked_by: str) -> Clicked:
    """Ask for what a picture asks for, by its characters or by its prompt."""
    started = time.process_time()
    result: ClickResult | None = None
    try:
        if asked_by == "prompt":
            result = solver.click(picture.data, picture.prompt or b"")
        else:
            result = solver.click(picture.data, [mark.text for mark in picture.marks])
    except SolverError:  # no answer: counted as wrong
        result = None
    cpu = time.process_time() - started
    points = [] if result is None else [target.point for target in result.targets]
    right = len(points) == len(picture.marks) and all(
        inside(point, mark.box) for point, mark in zip(points, picture.marks, strict=True)
    )
    return Clicked(
        picture.group,
        picture.name,
        asked_by,
        LISTED if picture.whole else MORE,
        right,
        len(points),
        len(picture.marks),
        0.0 if result is None else result.confidence,
        0 if result is None else len(result.missing),
        0 if result is None else len(result.ambiguous),
        cpu,
    )


def flagged(solver: Solver, picture: HardPicture) -> dict[str, Any]:
    """Whether the target with something wrong, or any where nothing is, was called in question."""
    result = solver.click(picture.data, list(picture.asked))
    doubts = {*result.missing, *result.ambiguous}
    raised = bool(doubts) if picture.doubtful is None else picture.doubtful in doubts
    right = all(
        inside(target.point, box)
        for target, box in zip(result.targets, picture.boxes, strict=True)
        if box is not None
    )
    return {
        "kind": picture.kind,
        "raised": raised,
        "others_right": right,
        "confidence": result.confidence,
    }


def finding_rows(found: Sequence[Found], readers: Sequence[str]) -> list[list[object]]:
    lines: list[list[object]] = []
    for group in dict.fromkeys(one.group for one in found):
        for reader in readers:
            own = [one for one in found if one.group == group and one.reader == reader]
            if own:
                recall, precision = shares(own)
                spent = common.percentile([1000 * one.cpu_s for one in own], 0.5)
                cells = [f"{recall:.3f}", f"{precision:.3f}", f"{spent:.1f}"]
                lines.append([group, reader, len(own), sum(o.marks for o in own), *cells])
    return lines


def shares(found: Sequence[Found]) -> tuple[float, float]:
    """Recall on all pictures; precision on those whose marks are all labelled."""
    whole = [one for one in found if one.whole]
    recall = sum(one.found for one in found) / max(1, sum(one.marks for one in found))
    precision = sum(one.right for one in whole) / max(1, sum(one.boxes for one in whole))
    return recall, precision


def clicking_rows(clicked: Sequence[Clicked]) -> list[list[object]]:
    lines: list[list[object]] = []
    for key in dict.fromkeys((one.group, one.asked_by, one.of) for one in clicked):
        own = [one for one in clicked if (one.group, one.asked_by, one.of) == key]
        low, high = scores.wilson(sum(one.right for one in own), len(own))
        flags = sum(bool(one.missing or one.ambiguous) for one in own) / len(own)
        spent = common.percentile([1000 * one.cpu_s for one in own], 0.5)
        share = f"{right_share(own):.3f} ({low:.3f}–{high:.3f})"
        lines.append([*key, len(own), share, f"{flags:.3f}", f"{spent:.1f}"])
    return lines


def right_share(clicked: Sequence[Clicked]) -> float:
    return sum(one.right for one in clicked) / max(1, len(clicked))


def measure_sets(
    solver: Solver, options: argparse.Namespace, count: int | None
) -> tuple[list[Found], list[Clicked]]:
    """Every set: what each detector finds, and what this project clicks."""
    found: list[Found] = []
    clicked: list[Clicked] = []
    with ExitStack() as stack:
        peers = [stack.enter_context(_peer.Ddddocr(one, WORKER)) for one in options.peers]
        for group in READERS:
            pictures = read_set(options.data, group, count=count)
            find_own(solver, pictures[0])  # opening a model is not timed
            for picture in pictures:
                found.append(find_own(solver, picture))
                found += [find_peer(peer, picture) for peer in peers]
            by_name = all(mark.text for mark in pictures[0].marks)
            ways = ["text"] * by_name + ["prompt"] * bool(pictures[0].prompt)
            for asked_by in ways:
                click(solver, pictures[0], asked_by)
                clicked += [click(solver, one, asked_by) for one in pictures]
    return found, clicked


def measure_doubts(solver: Solver, count: int | None) -> list[dict[str, Any]]:
    generator = HardGenerator()
    many = dict.fromkeys(WRONG, WRONG_COUNT) | {SOUND: SOUND_COUNT}
    return [
        flagged(solver, generator.draw(kind, number))
        for kind, most in many.items()
        for number in range(min(most, count or most))
    ]


def bars_of(
    found: Sequence[Found], clicked: Sequence[Clicked], doubts: Sequence[dict[str, Any]]
) -> list[Bar]:
    bars = []
    own = [one for one in found if one.reader == OWN]
    for group, (least_recall, least_precision) in FINDING.items():
        recall, precision = shares([one for one in own if one.group == group])
        bars.append(Bar(f"{group}: recall at IoU .5", recall, least_recall, more=True))
        bars.append(Bar(f"{group}: precision", precision, least_precision, more=True))
    for (group, asked_by), least in ORDERING.items():
        key = (group, asked_by, LISTED)
        some = [one for one in clicked if (one.group, one.asked_by, one.of) == key]
        bars.append(Bar(f"{group} by {asked_by}: right", right_share(some), least, more=True))
    wrong = [doubt["raised"] for doubt in doubts if doubt["kind"] != SOUND]
    bars.append(Bar("something wrong, flagged", sum(wrong) / len(wrong), 0.95, more=True))
    detect_ms = common.percentile([1000 * one.cpu_s for one in own], 0.5)
    click_ms = common.percentile([1000 * one.cpu_s for one in clicked], 0.5)
    bars.append(Bar("detect, CPU ms p50", detect_ms, 20.0, more=False))
    bars.append(Bar("detect + read + order, CPU ms p50", click_ms, 45.0, more=False))
    return bars


def doubt_rows(doubts: Sequence[dict[str, Any]]) -> list[list[object]]:
    lines: list[list[object]] = []
    for kind in dict.fromkeys(doubt["kind"] for doubt in doubts):
        own = [doubt for doubt in doubts if doubt["kind"] == kind]
        raised, right = (sum(d[key] for d in own) / len(own) for key in ("raised", "others_right"))
        lines.append([kind, len(own), f"{raised:.3f}", f"{right:.3f}"])
    return lines


def main() -> None:
    parser = common.make_parser(__doc__)
    parser.add_argument("--glyphs", type=Path, help="a glyph model; default: the embedded one")
    parser.add_argument("--quick", action="store_true", help=f"{QUICK} pictures a set")
    options = parser.parse_args()
    solver = Solver(*[str(path) for path in (options.model, options.glyphs) if path])
    count = QUICK if options.quick else None
    found, clicked = measure_sets(solver, options, count)
    doubts = measure_doubts(solver, count)

    print(
        common.table(
            FINDING_HEADER, finding_rows(found, list(dict.fromkeys(o.reader for o in found)))
        )
    )
    print("\n" + common.table(CLICKING_HEADER, clicking_rows(clicked)))
    print("\n" + common.table(DOUBTS_HEADER, doubt_rows(doubts)))
    sure = [one.confidence for one in clicked]
    right = [one.right for one in clicked]
    error = scores.expected_calibration_error(sure, right)
    print(f"\nmean confidence {np.mean(sure):.3f}, right {np.mean(right):.3f}")
    print(f"Brier {scores.brier(sure, right):.4f}, ECE (10 bins) {error:.4f}")
    bars = bars_of(found, clicked, doubts)
    bars.append(Bar("both models, MB", sizes(options) / 1e6, 10.0, more=False))
    figures = {
        "found": [asdict(one) for one in found],
        "clicked": [asdict(one) for one in clicked],
        "doubts": doubts,
    }
    common.finish(bars, figures, options)


def sizes(options: argparse.Namespace) -> int:
    """Bytes of the detector's and the glyph reader's file."""
    from solver import pretrained

    total = 0
    for role, path in (("detector", options.model), ("glyph", options.glyphs)):
        embedded = pretrained.default_for(role)
        if path is None and embedded is None:
            raise SystemExit(f"no model for the role {role!r} is embedded; name a file")
        total += path.stat().st_size if path else embedded.size  # type: ignore[union-attr]
    return total


if __name__ == "__main__":
    main()
