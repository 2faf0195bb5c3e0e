"""Fit the weights by which ``solver slide`` weighs its evidence, and its temperature.

    python benchmarks/slide_fit.py weights --pairs 200
    python benchmarks/slide_fit.py confidence --pairs 200

``weights`` prints COARSE of solver/tasks/slide_match.py, FINE of slide_close.py and CHANGE of
slide_change.py: conditional logits of the true place of a generated pair against the best wrong
ones (each half of the pairs is scored by the other half's fit; the weights printed are those of
all; those of CHANGE are to be divided by that of FINE's sum, which stands before them).
``confidence`` prints the temperatures and the logits of "none of these" of solver/tasks/slide.py,
and how far they hold. All pairs are drawn by training.generators.slide with seeds that
benchmarks/slide.py does not draw; no measured picture takes part.
"""

from __future__ import annotations

import argparse
import itertools
from collections.abc import Iterable, Iterator

import _scores as scores
import cv2
import numpy as np
from _slide_pairs import KINDS, Pair, draw_pairs

from solver.errors import TaskError
from solver.tasks.slide import COMPARED_WITH_PIECE, WITH_PIECE, Odds, ranked, shares
from solver.tasks.slide_change import CHANGE, Change
from solver.tasks.slide_close import FINE
from solver.tasks.slide_gap import Gap, alone
from solver.tasks.slide_match import COARSE, GREY, Scene, Template, evidence
from solver.tasks.slide_piece import Piece, cut_out
from solver.tasks.slide_search import Place, Search, inset

FIRST_SEED = 500_000
OFTEN = {"relief": 3, "decoys": 2}  # of the kinds that tell most, so many times as many
WRONG = 60  # of the best wrong places of a small background, and as many at random
NEAR = 3  # pixels within which an answer is right
BINS = (0.0, 0.2, 0.4, 0.6, 0.8, 0.9, 0.95, 0.98, 1.01)
CLOSE = 15  # places that are looked at closely
Case = np.ndarray  # (places, kinds of evidence), the true one first


def pairs(count: int) -> Iterator[Pair]:
    for kind in KINDS:
        yield from draw_pairs(kind, count * OFTEN.get(kind, 1), first_seed=FIRST_SEED)


def belongs(pair: Pair, piece: Piece) -> tuple[int, int]:
    """The corner at which a piece belongs as it was cut out: more may be seen than was drawn."""
    return pair.x + piece.left - pair.seen[0], pair.y + piece.top - pair.seen[1]


def chosen(
    maps: dict[str, np.ndarray], truth: tuple[float, float], scale: int, rng: np.random.Generator
) -> Case | None:
    """Evidence at the best place near the truth, and at wrong ones."""
    total = sum(COARSE[name] * maps[name] for name in COARSE)
    rows, columns = np.mgrid[: total.shape[0], : total.shape[1]]
    away = np.maximum(np.abs(columns * scale - truth[0]), np.abs(rows * scale - truth[1]))
    right = np.flatnonzero(away <= scale)
    wrong = np.flatnonzero(away > 3)
    if not right.size or not wrong.size:
        return None
    peaks = total >= cv2.dilate(total.astype(np.float32), np.ones((5, 5), np.uint8)) - 1e-6
    high = wrong[peaks.ravel()[wrong]]
    high = high[np.argsort(-total.ravel()[high])][:WRONG]
    best = right[np.argmax(total.ravel()[right])]
    places = np.concatenate([[best], high, rng.choice(wrong, min(WRONG, wrong.size))])
    return np.stack([maps[name].ravel()[places] for name in COARSE], axis=1)


def coarse_case(pair: Pair, piece: Piece, rng: np.random.Generator) -> Case | None:
    search = Search(pair.pixels, piece, least=piece.left)
    factor = search.factor
    margin = 4 * factor
    colours, cover = search.piece.drawn(margin, factor, 0.0)
    grey = (colours @ GREY)[..., None]
    template = Template(grey, cover, inset=inset(factor), glow=search.piece.glow / factor)
    maps = evidence(Scene(search.small(margin)), template)
    x, y = belongs(pair, piece)
    return chosen(maps, (x - search.least, y - search.low), factor, rng)


def fine_case(pair: Pair, piece: Piece) -> Case | None:
    """Evidence at the truth, and at the further places that the search for it comes upon."""
    search = Search(pair.pixels, piece, least=piece.left)
    angle = float(2 * round(pair.angle / 2))
    truth = belongs(pair, piece)
    places = [Place(*truth, angle, 0.0)]
    places += search.coarse([angle], most=CLOSE, near=np.inf)
    right, wrong = [], []
    for place in places:
        x, y, kinds = search.close(place, angle)
        near = max(abs(x - truth[0]), abs(y - truth[1])) <= 3
        (right if near else wrong).append([kinds[name] for name in FINE])
    return np.array(right[:1] + wrong) if right and wrong else None


def change_case(pair: Pair, piece: Piece) -> Case | None:
    """FINE's logit, and the shares that changed, at the truth and at wrong places."""
    change = Change(pair.pixels, np.asarray(pair.full))
    search = Search(pair.pixels, piece, least=piece.left, before=change.before(pair.pixels.shape))
    angle = float(2 * round(pair.angle / 2))
    truth = belongs(pair, piece)
    places = [Place(*truth, angle, 0.0)]
    places += search.coarse([0.0, angle], most=CLOSE, near=np.inf)
    right, wrong = [], []
    for place in places:
        x, y, kinds = search.close(place, place.angle)
        near = max(abs(x - truth[0]), abs(y - truth[1])) <= 3
        logit = sum(FINE[name] * kinds[name] for name in FINE)
        changes = search.changes(x, y, place.angle)
        (right if near else wrong).append([logit, *(changes[name] for name in CHANGE)])
    return np.array(right[:1] + wrong) if right and wrong else None


def fit(cases: list[Case]) -> np.ndarray:
    """Weights of the conditional logit, by Newton's method with a slight ridge."""
    spread = np.concatenate(cases).std(axis=0) + 1e-9
    scaled = [case / spread for case in cases]
    weights = np.zeros(scaled[0].shape[1])
    for _ in range(40):
        slope, bend = 2e-3 * weights, 2e-3 * np.eye(weights.size)
        for case in scaled:
            share = softmax(case @ weights)
            mean = share @ case
            slope = slope + (mean - case[0]) / len(scaled)
            rest = case - mean
            bend = bend + (rest * share[:, None]).T @ rest / len(scaled)
        step = np.linalg.solve(bend, slope)
        weights = weights - step * min(1.0, 2.0 / np.abs(step).max())
        if np.abs(step).max() < 1e-4:
            break
    return weights / spread


def softmax(values: np.ndarray) -> np.ndarray:
    shares = np.exp(values - values.max())
    return shares / shares.sum()


def show(name: str, kinds: Iterable[str], cases: list[Case]) -> None:
    values = [np.empty(0)] * len(cases)
    for half in (0, 1):
        weights = fit(cases[half::2])
        values[1 - half :: 2] = [case @ weights for case in cases[1 - half :: 2]]
    right = np.mean([found.argmax() == 0 for found in values])
    loss = -np.mean([np.log(softmax(found)[0] + 1e-12) for found in values])
    print(f"{name}: {len(cases)} pairs, best place right {right:.4f}, log loss {loss:.4f}")
    print({kind: round(float(w), 2) for kind, w in zip(kinds, fit(cases), strict=True)})


# Logits of the places, likeliest first, and the index of the right one or -1.
Looked = tuple[list[float], int]


def looked_with_piece(
    pair: Pair, piece: Piece, *, own: bool = True, change: Change | None = None
) -> Looked:
    before = None if change is None else change.before(pair.pixels.shape)
    odds = WITH_PIECE if change is None else COMPARED_WITH_PIECE
    places = ranked(Search(pair.pixels, piece, least=piece.left, before=before), odds)
    x, y = belongs(pair, piece)
    right = [own and abs(place.x - x) <= NEAR and abs(place.y - y) <= NEAR for place in places]
    return [place.logit for place in places], right.index(True) if any(right) else -1


def _outlined(pair: Pair) -> list[Gap]:
    try:
        return alone(pair.pixels)
    except TaskError:
        return []


def looked_at_gaps(pair: Pair, gaps: list[Gap]) -> Looked:
    right = [abs(g.box[0] - pair.x) <= NEAR and abs(g.box[1] - pair.y) <= NEAR for g in gaps]
    return [gap.logit for gap in gaps], right.index(True) if any(right) else -1


def fit_odds(looked: list[Looked]) -> tuple[float, float]:
    """Temperature and logit of "none of them" of the least log loss."""
    most = max(len(logits) for logits, _ in looked)
    table = np.full((len(looked), most + 1), -np.inf)
    for row, (logits, _) in zip(table, looked, strict=True):
        row[: len(logits)] = logits
    # The last column is "none of them", which is what -1 points at.
    right = np.array([index for _, index in looked])
    best = (np.inf, 0.0, 0.0)
    for temperature in np.arange(0.2, 4.0, 0.1):
        for none in np.arange(-12.0, 30.0, 0.5):
            table[:, -1] = none
            scaled = table / temperature
            scaled -= scaled.max(axis=1, keepdims=True)
            shares = scaled[np.arange(len(looked)), right] - np.log(np.exp(scaled).sum(axis=1))
            best = min(best, (-float(np.maximum(shares, -20).mean()), temperature, none))
    return best[1], best[2]


def show_odds(name: str, looked: list[Looked]) -> None:
    """Fitted on the even pairs; how sure the odd ones are, and how often right."""
    temperature, none = fit_odds(looked[::2])
    odds = Odds(float(temperature), float(none))
    odd = [(shares(logits, odds)[0] if logits else 0.0, i == 0) for logits, i in looked[1::2]]
    sure, right = [share for share, _ in odd], [bool(r) for _, r in odd]
    error = scores.expected_calibration_error(sure, right)
    print(f"{name}: temperature {temperature:.1f}, none of them {none:.1f}; {len(odd)} odd pairs, ")
    print(f"  sure {np.mean(sure):.3f}, right {np.mean(right):.3f}, ECE (10 bins) {error:.4f}")
    for low, high in itertools.pairwise(BINS):
        inside = [(s, r) for s, r in odd if low <= s < high]
        if inside:
            mean_sure, mean_right = np.mean(inside, axis=0)
            print(f"  {low:.2f}-{high:.2f}: {len(inside)}, {mean_sure:.3f}, {mean_right:.3f}")


def fit_confidence(count: int) -> None:
    ways: dict[str, list[Looked]] = {"piece": [], "full": [], "piece and full": [], "alone": []}
    previous: Piece | None = None
    for index, pair in enumerate(pairs(count)):
        piece, full = cut_out(pair.piece, pair.alpha), np.asarray(pair.full)
        ways["piece"].append(looked_with_piece(pair, piece))
        height, width = pair.pixels.shape[:2]
        if previous and index % 8 == 0 and previous.height < height and previous.width < width:
            ways["piece"].append(looked_with_piece(pair, previous, own=False))
        previous = piece
        change = Change(pair.pixels, full)
        ways["full"].append(looked_at_gaps(pair, change.gaps))
        if change.gaps:  # else the piece counts alone
            ways["piece and full"].append(looked_with_piece(pair, piece, change=change))
        if index % 2:  # takes longest
            ways["alone"].append(looked_at_gaps(pair, _outlined(pair)))
    for name, looked in ways.items():
        show_odds(name, looked)


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("what", choices=("weights", "confidence"))
    parser.add_argument("--pairs", type=int, default=200, help="of each kind")
    options = parser.parse_args()
    if options.what == "confidence":
        fit_confidence(options.pairs)
        return
    rng = np.random.default_rng(1)
    coarse, fine, change = [], [], []
    for pair in pairs(options.pairs):
        piece = cut_out(pair.piece, pair.alpha)
        case = coarse_case(pair, piece, rng)
        if case is not None and not pair.angle:
            coarse.append(case)
        case = fine_case(pair, piece)
        if case is not None:
            fine.append(case)
        case = change_case(pair, piece)
        if case is not None:
            change.append(case)
    show("COARSE", COARSE, coarse)
    show("FINE", FINE, fine)
    show("CHANGE, by the weight of FINE's sum", ("FINE", *CHANGE), change)


if __name__ == "__main__":
    main()
