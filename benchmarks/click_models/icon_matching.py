"""Whether a glyph reader matches icons that it never met: a prompt's with one of a picture's.

    python benchmarks/click_models/icon_matching.py --glyphs click-glyphs.onnx

Each trial is an icon drawn as in a prompt, dark on a light ground, and as in a click picture: in
any colours, turned, on a piece of a scene. Its mark has to be likelier than those of 3, 7 or 15
other icons. AUC is over all pairs of a prompt and a mark: how often one of the same icon is
likelier than one of two. Icons of the fonts that are held out are no class of any reader, nor like
one, and shapes from a high number on neither; shapes that are classes are there to compare.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt

sys.path.insert(0, str(Path(__file__).parents[1]))

import _common as common
from _scores import Z95, wilson

from solver import Solver
from solver.results import Box
from solver.tasks.glyphs import GlyphReader, likeness
from training.generators import GlyphGenerator
from training.generators.icon_fonts import find_icons
from training.generators.random_shapes import shape_name

Float64 = npt.NDArray[np.float64]

HELD_OUT = ("entypo", "halflings")
UNKNOWN = 100_000  # numbers from here on are shapes that no reader learns
KNOWN = 240  # and below this one, that all do
SEED = 970_000
CANDIDATES = (4, 8, 16)
HEADER = ("icons", "by", "trials", *(f"top-1 of {k}" for k in CANDIDATES), "AUC")


def groups() -> Mapping[str, Sequence[str]]:
    """Names of icons; raises ValueError where the fonts held out are not installed."""
    return {
        "of held-out fonts": find_icons(HELD_OUT, least=100),
        "shapes beyond the classes": [shape_name(UNKNOWN + number) for number in range(400)],
        "shapes that are classes": [shape_name(number) for number in range(KNOWN)],
    }


def compared(reader: GlyphReader, names: Sequence[str]) -> Mapping[str, Float64]:
    """How likely each trial's prompt (rows) shows the icon of each trial's mark: ``(N, N)``.

    By the cosine of one view, and as ``click`` weighs it.
    """
    prompt, picture = GlyphGenerator(prompts=1.0), GlyphGenerator()
    rows, views, marks = [], [], []
    for trial, name in enumerate(names):
        shown = np.asarray(prompt.render(name, np.random.default_rng([SEED, trial, 1]))[0])
        mark = np.asarray(picture.render(name, np.random.default_rng([SEED, trial, 2]))[0])
        views.append(reader.views(shown, [_whole(shown)])[0])
        rows.append(reader.logits(shown, [_whole(shown)])[0])
        marks.append(reader.logits(mark, [_whole(mark)])[0])
    seen = np.stack(marks)
    return {"cosine": likeness(np.stack(rows), seen), "click": reader.same(np.stack(views), seen)}


def _whole(cut: npt.NDArray[np.uint8]) -> Box:
    """A box that is cut out as it is: its margin is there already."""
    side = cut.shape[0]
    return Box(0.02 * side, 0.02 * side, 0.98 * side, 0.98 * side, "mark", 1.0)


def best_of(alike: Float64, names: Sequence[str], candidates: int) -> int:
    """How many trials' own mark is likelier than so many less one others, of as many names."""
    rng = np.random.default_rng([SEED, candidates])
    right = 0
    for trial, name in enumerate(names):
        one_each: dict[str, int] = {}
        for other in rng.permutation(len(names)).tolist():
            if names[other] != name:
                one_each.setdefault(names[other], other)
        others = list(one_each.values())[: candidates - 1]
        right += bool(alike[trial, trial] > alike[trial, others].max())
    return right


def auc(alike: Float64, names: Sequence[str]) -> tuple[float, float]:
    """The area under the ROC curve, and half its 95 % interval over the pairs that are the same."""
    numbers = np.unique(names, return_inverse=True)[1]
    apart = np.sort(alike[~np.equal.outer(numbers, numbers)])
    own = np.diagonal(alike)
    below = [np.searchsorted(apart, own, side=side) / len(apart) for side in ("left", "right")]
    share = np.mean(below, axis=0)
    return float(share.mean()), float(Z95 * share.std() / np.sqrt(len(share)))


def main() -> None:
    parser = common.make_parser(__doc__, peers=False)
    parser.add_argument("--glyphs", type=Path, help="a glyph model; default: the embedded one")
    parser.add_argument("--trials", type=int, default=1200, help="of each kind of icons")
    options = parser.parse_args()
    solver = Solver(*[str(path) for path in (options.glyphs,) if path])
    reader = GlyphReader(solver.models["glyph"])
    rows, figures = [], {}
    for group, known in groups().items():
        names = [known[trial % len(known)] for trial in range(options.trials)]
        for how, alike in compared(reader, names).items():
            right = {k: best_of(alike, names, k) for k in CANDIDATES}
            area, half = auc(alike, names)
            shown = []
            for count in right.values():
                low, high = wilson(count, len(names))
                shown.append(f"{count / len(names):.3f} ({low:.3f}–{high:.3f})")
            rows.append((group, how, len(names), *shown, f"{area:.4f} ± {half:.4f}"))
            figures[f"{group}, {how}"] = {"trials": len(names), "right": right, "auc": area}
    print(common.table(HEADER, rows))
    common.finish([], figures, options)


if __name__ == "__main__":
    main()
