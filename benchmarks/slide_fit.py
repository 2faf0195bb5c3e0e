"""Fit the weights by which ``solver slide`` weighs its evidence, and its temperature.

    python benchmarks/slide_fit.py weights --pairs 200
    python benchmarks/slide_fit.py confidence --pairs 200

``weights`` prints COARSE and FINE of solver/tasks/slide_match.py: a conditional logit of the true
place of a generated pair against the best wrong ones (the even pairs are fitted, the odd ones
scored). ``confidence`` prints the temperature and the logit of "none of these" of
solver/tasks/slide.py. All pairs are drawn by training.generators.slide with seeds that
benchmarks/slide.py does not draw; no measured picture takes part.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator

import cv2
import numpy as np
from _slide_pairs import KINDS, Pair, draw_pairs

from solver.tasks.slide_match import COARSE, GREY, Scene, Template, evidence
from solver.tasks.slide_piece import Piece, cut_out
from solver.tasks.slide_search import Search

FIRST_SEED = 500_000
WRONG = 60  # of the best wrong places, and as many at random
Case = np.ndarray  # (places, kinds of evidence), the true one first


def pairs(count: int, kinds: tuple[str, ...]) -> Iterator[Pair]:
    for kind in kinds:
        yield from draw_pairs(kind, count, first_seed=FIRST_SEED)


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
    colours, cover = piece.drawn(margin, factor, 0.0)
    inset, reach = (1, 2) if factor > 1 else (2, 4)
    template = Template((colours @ GREY)[..., None], cover, inset=inset, reach=reach)
    maps = evidence(Scene(search._small(margin)), template)
    return chosen(maps, (pair.x - search.least, pair.y - search.low), factor, rng)


def fine_case(pair: Pair, piece: Piece, rng: np.random.Generator) -> Case | None:
    search = Search(pair.pixels, piece, least=piece.left)
    margin = 6
    template = Template(*piece.drawn(margin, 1, 0.0), inset=2, reach=4)
    height, width = pair.pixels.shape[:2]
    window = search._window(-margin, -margin, width + 2 * margin, height + 2 * margin, multiple=1)
    return chosen(evidence(Scene(window), template), (pair.x, pair.y), 1, rng)


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


def show(name: str, cases: list[Case]) -> None:
    weights = fit(cases[::2])
    odd = [case @ weights for case in cases[1::2]]
    right = np.mean([values.argmax() == 0 for values in odd])
    loss = -np.mean([np.log(softmax(values)[0] + 1e-12) for values in odd])
    print(f"{name}: {len(odd)} odd pairs, best place right {right:.4f}, log loss {loss:.4f}")
    print({kind: round(float(w), 2) for kind, w in zip(COARSE, weights, strict=True)})


Looked = tuple[np.ndarray, int]  # logits of the places, and the index of the right one or -1


def look(pair: Pair, piece: Piece, *, belongs: bool) -> Looked:
    """The logits of one pair, turned pieces too."""
    search = Search(pair.pixels, piece, least=piece.left)
    places = search.merged([*search.straight(), *search.turned()])
    right = [abs(place.x - pair.x) <= 3 and abs(place.y - pair.y) <= 3 for place in places]
    index = right.index(True) if belongs and any(right) else -1
    return np.array([place.logit for place in places]), index


def fit_confidence(count: int) -> None:
    looked, previous = [], None
    for index, pair in enumerate(pairs(count, tuple(KINDS))):
        piece = cut_out(pair.piece, pair.alpha)
        looked.append(look(pair, piece, belongs=True))
        height, width = pair.pixels.shape[:2]
        if previous and index % 8 == 0 and previous.height < height and previous.width < width:
            looked.append(look(pair, previous, belongs=False))
        previous = piece
    best = (np.inf, 0.0, 0.0)
    for temperature in np.arange(0.6, 4.0, 0.1):
        for none in np.arange(-10.0, 30.0, 0.5):
            loss = -np.mean(
                [
                    np.log(softmax(np.append(logits, none) / temperature)[index] + 1e-9)
                    for logits, index in looked
                ]
            )
            best = min(best, (float(loss), float(temperature), float(none)))
    found = np.mean([index == 0 for _, index in looked])
    print(f"{len(looked)} pairs, best place right {found:.4f}, log loss {best[0]:.4f}")
    print(f"temperature {best[1]:.1f}, none of them {best[2]:.1f}")


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
    coarse, fine = [], []
    for pair in pairs(options.pairs, tuple(k for k in KINDS if k not in ("turned", "all"))):
        piece = cut_out(pair.piece, pair.alpha)
        for cases, make in ((coarse, coarse_case), (fine, fine_case)):
            case = make(pair, piece, rng)
            if case is not None:
                cases.append(case)
    show("COARSE", coarse)
    show("FINE", fine)


if __name__ == "__main__":
    main()
