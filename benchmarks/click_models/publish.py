"""Put a trained run into the package: ONNX file, card and manifest entry; of a detector, which
others may fine-tune, the Keras weights too.

    python benchmarks/click_models/publish.py detector.toml RUN --root FOLDER
    python benchmarks/click_models/publish.py glyph.toml RUN --root FOLDER --figures click.json

Refused, like every export, unless Keras and ONNX Runtime give the same answers. A glyph reader's
head, most of its file, is then kept in half precision. A detector's score threshold and a glyph
reader's temperature are fitted on the validation pictures of its settings, a reader's likeness on
pairs that are drawn here, one as in a prompt and one as in a click picture: one half of them icons
and shapes that it has no class for.
The card says what the run was, and what ``benchmarks/click_accuracy.py --out click.json`` measured,
where that is given.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import sys
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

sys.path.insert(0, str(Path(__file__).parents[1]))

import _common as common
from click_accuracy import (
    CLICKING_HEADER,
    DOUBTS_HEADER,
    FINDING_HEADER,
    Clicked,
    Found,
    clicking_rows,
    doubt_rows,
    finding_rows,
)
from icon_matching import HELD_OUT, UNKNOWN

from solver import pretrained
from solver.model import Model
from solver.preprocess import preprocess
from solver.tasks.glyphs import likeness
from training import bases, config, export, runlog
from training.exporting.onnx_file import set_spec
from training.generators import GlyphGenerator
from training.generators.icon_fonts import find_icons
from training.generators.random_shapes import shape_name
from training.weights import SUFFIX

REPOSITORY = Path(__file__).parents[2]
PAIR_SEED = 960_000
KINDS = 600  # characters; as many icons and shapes without a class
STEPS = 60
LARGE = 500_000  # weights, that only a head has
APART = 0.005  # how far half precision may move a probability
CARD = """# {name}

{what} Role `{role}`, decoder
`{decoder}`, input {width} × {height} RGB; {size:.1f} MB, {classes}. Licence {licence}.

```sh
solver click picture.jpg --targets 龙舟年          # this model and its partner
solver models show {name}
```

## Data

Drawn by this project's generators, from fonts of Debian packages, on grounds {grounds}: no
picture of a site, none of the measured sets. {data} The settings, and every command of the
training: `benchmarks/click_models/README.md`.

Epoch {epoch} of {epochs} was kept: {chosen}. {fitted}

## Figures

{figures}

## Limits

{limits}
"""
WHAT = {
    "detector": "Finds the marks (characters, icons) of click captchas as boxes of one class.",
    "glyph": "Reads single glyphs that a detector cut out, and tells which of two look alike.",
}
GROUNDS = {
    "detector": "made of noise and shapes, and on crops of the wallpapers of Debian's packages "
    "`gnome-backgrounds`, `mate-backgrounds` and `plasma-workspace-wallpapers` (CC BY-SA and "
    "GPL; nothing of them is shipped); before, 24,000 of simpler kinds",
    "glyph": "made of noise and shapes",
}
LIMITS = {
    "detector": "Marks smaller than 1/17 or larger than 1/3 of the picture's long side were hardly "
    "drawn. A score ranks boxes; it is no probability.",
    "glyph": "Simplified Chinese of GB 2312, 0-9A-Za-z; angles of up to 75 degrees. O, o and 0 and "
    "the like are told apart by their size at best, and a cut-out has none.",
}


def logits(model: Model, pictures: Sequence[np.ndarray]) -> np.ndarray:
    """``(N, C)`` of glyphs that are cut out."""
    tensors = [preprocess(picture, model.spec.input)[0] for picture in pictures]
    return np.stack([out[0] for out in model.run_many(tensors)]).astype(np.float64)


def halve(path: Path) -> None:
    """Keep the head's weights in half precision; ONNX Runtime makes them single when it starts.

    Raises SystemExit where that changes what the network answers.
    """
    import onnx
    from onnx import TensorProto, helper, numpy_helper

    whole, network = Model.open(path), onnx.load(path)
    for weights in network.graph.initializer:
        if np.prod(weights.dims) >= LARGE:
            name, half = weights.name, f"{weights.name}/half"
            values = numpy_helper.to_array(weights).astype(np.float16)
            weights.CopyFrom(numpy_helper.from_array(values, half))
            cast = helper.make_node("Cast", [half], [name], to=TensorProto.FLOAT)
            network.graph.node.insert(0, cast)
    draft = path.with_suffix(".half.onnx")
    onnx.save(network, draft)
    generator, rng = GlyphGenerator(), np.random.default_rng(PAIR_SEED)
    pictures = [np.asarray(generator.sample(rng)[0]) for _ in range(KINDS)]
    shares = [softmax(logits(model, pictures)) for model in (whole, Model.open(draft))]
    apart = float(np.abs(shares[0] - shares[1]).max())
    same = np.mean(shares[0].argmax(axis=1) == shares[1].argmax(axis=1))
    print(f"half precision: {same:.4f} equal classes, probabilities differ by at most {apart:.1e}")
    if apart > APART:
        draft.unlink()
        raise SystemExit(f"{path}: half precision moves probabilities by more than {APART}")
    draft.replace(path)


def softmax(rows: np.ndarray) -> np.ndarray:
    shares = np.exp(rows - rows.max(axis=1, keepdims=True))
    return np.asarray(shares / shares.sum(axis=1, keepdims=True))


def fit_likeness(model: Model) -> tuple[float, float]:
    """Slope and offset of the log odds that two glyphs are the same: logistic regression.

    Both outcomes weigh the same, so that the odds are how much likelier the cosine is.
    """
    prompt, picture = GlyphGenerator(prompts=1.0), GlyphGenerator()
    rng = np.random.default_rng(PAIR_SEED)
    characters = [label for label in picture.labels if len(label) == 1]
    icons = [*find_icons(HELD_OUT, least=1), *(shape_name(UNKNOWN + n) for n in range(KINDS))]
    names = [str(name) for name in rng.choice(characters, KINDS, replace=False)] + icons[:KINDS]
    sides = []
    for generator in (prompt, picture):
        pictures = [np.asarray(generator.render(name, rng)[0]) for name in names]
        sides.append(logits(model, pictures))
    cosines = likeness(*sides)
    same = np.eye(len(names), dtype=bool)
    # A character is held against characters, and an icon against icons: that is what is confused.
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


def tables(measured: Mapping[str, Any], role: str) -> list[str]:
    """What ``click_accuracy.py`` measured of a role's work, with the peer's from the same run."""
    lines = ["`python benchmarks/click_accuracy.py --peers …`; no picture of these trained:", ""]
    if role == "detector":
        found = [Found(**one) for one in measured["found"]]
        readers = list(dict.fromkeys(one.reader for one in found))
        return [*lines, common.table(FINDING_HEADER, finding_rows(found, readers))]
    clicked = [Clicked(**one) for one in measured["clicked"]]
    right = common.table(CLICKING_HEADER, clicking_rows(clicked))
    doubts = common.table(DOUBTS_HEADER, doubt_rows(measured["doubts"]))
    return [*lines, right, "", "Of pictures drawn with something wrong:", "", doubts]


def write_card(settings: config.Config, run: Path, output: Path, figures: Path | None) -> Path:
    """Markdown beside the model: what it is, what it learned from, what was measured."""
    spec = Model.open(output).spec
    rows = runlog.read(run / "log.csv")
    epochs = runlog.epochs(rows)
    best = runlog.best(epochs)
    if best is None:
        raise SystemExit(f"{run}: no epoch was validated; give data.validation a source")
    main = "ap50" if spec.role == "detector" else "exact"
    count = sum(int(row["count"]) for row in rows if int(row["epoch"]) == best.number)
    shown = [f"- {main} on {count} drawn pictures that chose the epoch: {best.accuracy:.5f}"]
    if figures is not None:
        shown += ["", *tables(json.loads(figures.read_text(encoding="utf-8")), spec.role)]
    samples = spec.provenance.samples
    counts = ", ".join(f"{name} {count:,}" for name, count in samples.items())
    likeness_text = (
        "" if spec.decoder.likeness is None else f", likeness {list(spec.decoder.likeness)}"
    )
    fitted = f"Temperature {spec.decoder.temperature:.3f}{likeness_text}."
    if spec.decoder.anchors is not None:
        fitted = f"Score threshold {spec.decoder.anchors.score_threshold:g}: the best F1 on these."
    text = CARD.format(
        name=settings.name,
        what=WHAT[spec.role],
        role=spec.role,
        decoder=spec.decoder.name,
        width=spec.input.width,
        height=spec.input.height,
        size=output.stat().st_size / 1e6,
        classes=f"{len(spec.decoder.labels)} classes" if spec.role == "glyph" else "one class",
        licence=settings.licence,
        grounds=GROUNDS[spec.role],
        data=f"Pictures: {counts}.",
        epoch=best.number,
        epochs=len(epochs),
        chosen=f"the best {main} on pictures of another seed",
        fitted=fitted,
        figures="\n".join(shown),
        limits=LIMITS[spec.role],
    )
    card = output.with_suffix(".md")
    card.write_text(text, encoding="utf-8")
    return card


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("config", type=Path)
    parser.add_argument("run", type=Path)
    parser.add_argument("--root", type=Path, required=True)
    parser.add_argument("--out", type=Path, default=pretrained.FOLDER, help="a folder")
    parser.add_argument("--figures", type=Path, help="what click_accuracy.py --out wrote")
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
        calibration=(),
        on_report=print,
    )
    if is_glyph:
        halve(output)
        model = Model.open(output)
        found = fit_likeness(model)
        print(f"likeness: slope {found[0]}, offset {found[1]}")
        decoder = replace(model.spec.decoder, likeness=found)
        set_spec(output, replace(model.spec, decoder=decoder))
    card = write_card(settings, options.run, output, options.figures)
    print(f"{output}: {output.stat().st_size} bytes; {card.name}")
    if options.out != pretrained.FOLDER:
        return

    if not is_glyph:
        weights = REPOSITORY / "training" / "pretrained" / f"{settings.name}{SUFFIX}"
        weights.write_bytes(best.read_bytes())
        bases.write_settings(settings, bases.embedded_settings(weights))
    manifest = pretrained.FOLDER / pretrained.MANIFEST
    entries = json.loads(manifest.read_text(encoding="utf-8"))
    data = output.read_bytes()
    entries[settings.name] = {
        "file": output.name,
        "sha256": hashlib.sha256(data).hexdigest(),
        "bytes": len(data),
        "role": settings.role,
        "licence": settings.licence,
        "card": card.name,
        "default_for": [settings.role],
    }
    manifest.write_text(json.dumps(entries, indent=2, sort_keys=True) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
