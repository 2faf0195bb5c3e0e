"""Whole-captcha accuracy of the text model, and of the peers on the same pictures.

    python benchmarks/text_accuracy.py --peers PEERS/ddddocr PEERS/rapidocr --test-split SPLIT/test

Three groups: the generator sets, the real sets that may only be measured, and (--test-split, a
folder of SET/LABEL_hash.png that no training has seen) the real sets that took part in training.
Letters and digits of an answer are compared; no reader is told a character range, a length or a
case. The labels of two real sets say nothing of case: in an exact mean they count case-blind.
Calibration and risk against coverage are those of this project's confidence: the share of
answers that can be kept when at most 1, 2 or 5 % of them may be wrong.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import _common as common
import _peer
import _scores as scores
from _common import Bar, Picture

if TYPE_CHECKING:
    from solver import Solver

OURS = "solver"
GENERATED_COUNT, REAL_COUNT = 150, 200
CASE_BLIND = frozenset({"swust_20191218", "swust_20200226"})  # labels say nothing of case
RISKS = (0.01, 0.02, 0.05)


@dataclass(frozen=True)
class Group:
    """Sets that share a mean; ``bars`` are least means by kind of comparison."""

    title: str
    sets: dict[str, list[Picture]]
    bars: dict[str, float]


@dataclass(frozen=True)
class Answer:
    """What one reader said of one picture; peers give no confidence."""

    picture: str
    label: str
    text: str
    confidence: float | None
    error: str | None

    @property
    def exact(self) -> bool:
        return self.label == scores.letters_and_digits(self.text)

    @property
    def folded(self) -> bool:
        return self.label.lower() == scores.letters_and_digits(self.text).lower()


Readings = dict[str, dict[str, list[Answer]]]  # reader → set → answers


def choose_groups(data: Path, test_split: Path | None, limit: int | None) -> list[Group]:
    def least(count: int) -> int:
        return count if limit is None else min(count, limit)

    generated = [
        common.read_zip(z, count=least(GENERATED_COUNT)) for z in common.generator_sets(data)
    ]
    real = [common.read_zip(z, count=least(REAL_COUNT)) for z in common.real_sets(data)]
    groups = [
        Group("generators", _by_set(generated), {"case-insensitive": 0.85, "exact": 0.75}),
        Group("real, never trained on", _by_set(real), {"case-insensitive": 0.90}),
    ]
    if test_split:
        folders = sorted(item for item in test_split.iterdir() if item.is_dir())
        held = [common.read_folder(folder, count=limit) for folder in folders]
        groups.append(Group("real, TRAINED (disjoint split)", _by_set(held), {"exact": 0.96}))
    return groups


def _by_set(sets: Sequence[list[Picture]]) -> dict[str, list[Picture]]:
    return {pictures[0].group: pictures for pictures in sets if pictures}


def read_ours(solver: Solver, pictures: Sequence[Picture]) -> list[Answer]:
    from solver import Failure

    answers = []
    results = solver.text_many((p.data for p in pictures), on_error="return")
    for picture, result in zip(pictures, results, strict=True):
        if isinstance(result, Failure):
            answers.append(Answer(picture.name, picture.label, "", 0.0, str(result.error)))
        else:
            answers.append(
                Answer(picture.name, picture.label, result.text, result.confidence, None)
            )
    return answers


def read_peer(reader: _peer.Reader, pictures: Sequence[Picture]) -> list[Answer]:
    answers = []
    for picture in pictures:
        given = reader.read(picture.data)
        answers.append(Answer(picture.name, picture.label, given.text, None, given.error))
    return answers


def count_right(group: str, answers: Sequence[Answer]) -> dict[str, Any]:
    """Shares of one set and their intervals; a case-blind set has no exact share of its own."""
    figures: dict[str, Any] = {"count": len(answers), "failed": sum(bool(a.error) for a in answers)}
    for kind, right in (
        ("case-insensitive", sum(a.folded for a in answers)),
        ("exact", sum(a.folded if group in CASE_BLIND else a.exact for a in answers)),
    ):
        figures[kind] = right / len(answers)
        figures[f"{kind} interval"] = scores.wilson(right, len(answers))
    return figures


def calibration(readings: dict[str, list[Answer]], sets: Sequence[str]) -> dict[str, Any]:
    """Of this project's answers over a group of sets."""
    pairs = [
        (answer.confidence or 0.0, answer.folded if name in CASE_BLIND else answer.exact)
        for name in sets
        for answer in readings[name]
    ]
    confidences, right = [c for c, _ in pairs], [r for _, r in pairs]
    kept = {risk: scores.coverage_at(confidences, right, risk) for risk in RISKS}
    return {
        "count": len(pairs),
        "accuracy": sum(right) / len(right),
        "mean_confidence": sum(confidences) / len(confidences),
        "brier": scores.brier(confidences, right),
        "ece_10": scores.expected_calibration_error(confidences, right),
        "coverage": {
            f"{risk:.0%}": {"share": share, "threshold": threshold}
            for risk, (share, threshold) in kept.items()
        },
    }


def summarise(groups: Sequence[Group], readings: Readings) -> dict[str, Any]:
    """Group → per-set and mean shares of every reader, and our calibration."""
    summary: dict[str, Any] = {}
    for group in groups:
        by_reader: dict[str, Any] = {}
        for reader, answers in readings.items():
            sets = {name: count_right(name, answers[name]) for name in group.sets}
            means = {
                kind: sum(figures[kind] for figures in sets.values()) / len(sets)
                for kind in ("case-insensitive", "exact")
            }
            by_reader[reader] = {"sets": sets, "mean": means}
        summary[group.title] = {
            "readers": by_reader,
            "calibration": calibration(readings[OURS], list(group.sets)),
        }
    return summary


def _kept(point: dict[str, Any]) -> str:
    if point["threshold"] is None:
        return "none"
    return f"{point['share']:.3f} (≥ {point['threshold']:.3f})"


def show_group(group: Group, figures: dict[str, Any]) -> str:
    """One table a group: exact / case-insensitive, and our 95 % interval of the latter."""
    readers = figures["readers"]
    peers = [name for name in readers if name != OURS]
    rows = []
    for name, pictures in group.sets.items():
        low, high = readers[OURS]["sets"][name]["case-insensitive interval"]
        shares = {reader: readers[reader]["sets"][name] for reader in readers}
        cells = [_pair(shares[OURS], name in CASE_BLIND), f"{low:.2f}–{high:.2f}"]
        cells += [_pair(shares[peer], name in CASE_BLIND) for peer in peers]
        if peers:
            cells.append(f"{max(shares[peer]['case-insensitive'] for peer in peers):.3f}")
        rows.append([name, len(pictures), *cells])
    means = [
        _pair(readers[OURS]["mean"], False),
        "",
        *(_pair(readers[p]["mean"], False) for p in peers),
    ]
    if peers:
        means.append(f"{sum(float(row[-1]) for row in rows) / len(rows):.3f}")
    rows.append([f"**mean of {len(rows)}**", sum(row[1] for row in rows), *means])
    header = ["set", "n", OURS, "95 %", *peers, *(["better peer"] if peers else [])]
    return f"\n## {group.title}: exact / case-insensitive\n\n{common.table(header, rows)}"


def _pair(shares: dict[str, float], case_blind: bool) -> str:
    exact = "–" if case_blind else f"{shares['exact']:.3f}"
    return f"{exact} / {shares['case-insensitive']:.3f}"


def show_calibration(summary: dict[str, Any]) -> str:
    rows = []
    for title, figures in summary.items():
        own = figures["calibration"]
        kept = [_kept(point) for point in own["coverage"].values()]
        numbers = (own["accuracy"], own["mean_confidence"], own["brier"], own["ece_10"])
        rows.append([title, own["count"], *(f"{number:.3f}" for number in numbers), *kept])
    risks = [f"kept at {risk:.0%} wrong" for risk in RISKS]
    header = ["group", "n", "accuracy", "mean confidence", "Brier", "ECE, 10 bins", *risks]
    return f"\n## Confidence of {OURS}, exact comparison\n\n{common.table(header, rows)}"


def main() -> None:
    parser = common.make_parser(__doc__)
    parser.add_argument("--test-split", type=Path, help="folder of SET/LABEL_hash.png, held out")
    parser.add_argument("--limit", type=int, help="at most so many pictures a set")
    options = parser.parse_args()
    groups = choose_groups(options.data, options.test_split, options.limit)
    solver = common.make_solver(options.model)
    readings: Readings = {OURS: {}}
    with ExitStack() as stack:
        readers = _peer.start_readers(_peer.find_peers(options.peers), stack)
        for group in groups:
            for name, pictures in group.sets.items():
                print(f"{group.title}: {name}, {len(pictures)} pictures", file=sys.stderr)
                readings[OURS][name] = read_ours(solver, pictures)
                for reader in readers:
                    answers = read_peer(reader, pictures)
                    readings.setdefault(reader.peer.title, {})[name] = answers
    summary = summarise(groups, readings)
    for group in groups:
        print(show_group(group, summary[group.title]))
    print(show_calibration(summary))
    failed = sum(bool(a.error) for answers in readings[OURS].values() for a in answers)
    print(f"\n{OURS}: {failed} pictures failed (counted as wrong)")
    bars = [
        Bar(
            f"{group.title}: mean of {len(group.sets)}, {kind}",
            summary[group.title]["readers"][OURS]["mean"][kind],
            least,
            more=True,
        )
        for group in groups
        for kind, least in group.bars.items()
    ]
    answers = {
        reader: {name: [asdict(answer) for answer in rows] for name, rows in sets.items()}
        for reader, sets in readings.items()
    }
    common.finish(bars, {"groups": summary, "answers": answers}, options)


if __name__ == "__main__":
    main()
