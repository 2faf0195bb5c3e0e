"""Put a trained run into the package: ONNX file, Keras weights and manifest entry.

    python benchmarks/click_models/publish.py detector.toml RUN --root FOLDER
    python benchmarks/click_models/publish.py glyph.toml RUN --root FOLDER

Refused, like every export, unless Keras and ONNX Runtime give the same answers. A glyph reader's
temperature is fitted on the validation pictures of its settings, its likeness on pairs that are
drawn here: one half of them shapes that it has no class for. The card beside it is written by hand.
"""

from __future__ import annotations

import argparse
import hashlib
import json
from dataclasses import replace
from pathlib import Path

import numpy as np

from solver import pretrained
from solver.model import Model
from solver.preprocess import preprocess
from solver.tasks.glyphs import likeness
from training import config, export
from training.exporting.onnx_file import set_spec
from training.generators import GlyphGenerator
from training.generators.random_shapes import shape_name
from training.weights import SUFFIX

REPOSITORY = Path(__file__).parents[2]
PAIR_SEED = 960_000
KINDS = 600  # characters; as many shapes without a class
UNKNOWN = 100_000  # numbers from here on are shapes that no reader learns
STEPS = 60


def fit_likeness(model: Model) -> tuple[float, float]:
    """Slope and offset of the log odds that two glyphs are the same: logistic regression.

    Both outcomes weigh the same, so that the odds are how much likelier the cosine is.
    """
    generator = GlyphGenerator()
    rng = np.random.default_rng(PAIR_SEED)
    characters = [label for label in generator.labels if len(label) == 1]
    names = [str(name) for name in rng.choice(characters, KINDS, replace=False)]
    names += [shape_name(UNKNOWN + number) for number in range(KINDS)]
    sides = []
    for _ in range(2):
        pictures = [np.asarray(generator.render(name, rng)[0]) for name in names]
        tensors = [preprocess(picture, model.spec.input)[0] for picture in pictures]
        sides.append(np.stack([out[0] for out in model.run_many(tensors)]).astype(np.float64))
    cosines = likeness(*sides)
    same = np.eye(len(names), dtype=bool)
    # A character is held against characters, and a shape against shapes: that is what is confused.
    kin = np.equal.outer(np.arange(len(names)) < KINDS, np.arange(len(names)) < KINDS)
    x = np.concatenate([cosines[same], cosines[kin & ~same]])
    y = np.concatenate([np.ones(same.sum()), np.zeros((kin & ~same).sum())])
    weight = np.where(y > 0, 0.5 / y.sum(), 0.5 / (1 - y).sum())
    design = np.stack([x, np.ones_like(x)], axis=1)
    found = np.array([8.0, -4.0])
    for _ in range(STEPS):  # Newton's method
        chance = 1 / (1 + np.exp(-design @ found))
        slope = design.T @ (weight * (y - chance))
        bend = (design * (weight * chance * (1 - chance))[:, None]).T @ design
        found = found + np.linalg.solve(bend + 1e-9 * np.eye(2), slope)
    return round(float(found[0]), 3), round(float(found[1]), 3)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("config", type=Path)
    parser.add_argument("run", type=Path)
    parser.add_argument("--root", type=Path, required=True)
    parser.add_argument("--out", type=Path, default=pretrained.FOLDER, help="a folder")
    options = parser.parse_args()
    settings = config.load(options.config)
    output = options.out / f"{settings.name}.onnx"
    is_glyph = settings.role == "glyph"
    best = options.run / f"best{SUFFIX}"
    export.export(
        settings,
        options.root,
        best,
        output,
        calibration=() if is_glyph else None,
        on_report=print,
    )
    if is_glyph:
        model = Model.open(output)
        found = fit_likeness(model)
        print(f"likeness: slope {found[0]}, offset {found[1]}")
        decoder = replace(model.spec.decoder, likeness=found)
        set_spec(output, replace(model.spec, decoder=decoder))
    print(f"{output}: {output.stat().st_size} bytes")
    if options.out != pretrained.FOLDER:
        return

    weights = REPOSITORY / "training" / "pretrained" / f"{settings.name}{SUFFIX}"
    weights.write_bytes(best.read_bytes())
    manifest = pretrained.FOLDER / pretrained.MANIFEST
    entries = json.loads(manifest.read_text(encoding="utf-8"))
    data = output.read_bytes()
    entries[settings.name] = {
        "file": output.name,
        "sha256": hashlib.sha256(data).hexdigest(),
        "bytes": len(data),
        "role": settings.role,
        "licence": settings.licence,
        "card": f"{settings.name}.md",
        "default_for": [settings.role],
    }
    manifest.write_text(json.dumps(entries, indent=2, sort_keys=True) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
