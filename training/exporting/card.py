"""The model card of a run: one Markdown file with what its user has to know, limits included.

Everything in it is read from the settings, the data, the run's log and the checks of the export;
sources appear by name and no path of the machine does.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path, PurePath
from typing import Any

from solver.spec import InputSpec, ModelSpec
from training import bases, runlog
from training.config import Config
from training.data.sources import Data
from training.evaluate import Evaluation
from training.exporting.card_figures import figures, limits
from training.exporting.int8 import Int8
from training.exporting.markdown import code, paragraph, table
from training.exporting.output import CARD_MARK
from training.exporting.parity import Parity
from training.samples import Sample
from training.template import toml

SHOWN = 200
USES = {
    "text": 'solver.Solver("{file}").text("captcha.png").text',
    "class": 'solver.Solver("{file}").classify("picture.png").label',
    "detector": 'solver.Solver("{file}").detect("picture.png")',
    "glyph": 'solver.Solver("{file}").click("picture.png", "龙舟年").points',
    "header": 'solver.Solver("{file}", "tiles.onnx").tiles("grid.jpg").points',
    "tile": 'solver.Solver("{file}", "header.onnx").tiles("grid.jpg").points',
}
PURPOSES = {
    "text": "Reads the text of captchas",
    "class": "Sorts pictures into classes",
    "detector": "Finds things in pictures",
    "glyph": "Reads single characters and icons that were cut out",
    "header": "Reads the words that a grid's header names",
    "tile": "Names what the tiles of a grid show",
}
FITS = {
    "shrink": "made smaller to fit where it is larger, centred",
    "letterbox": "scaled to fit, its shape kept, centred",
    "height": "scaled to the height, its shape kept",
}


@dataclass(frozen=True, slots=True)
class Card:
    """What a card is written from.

    ``run`` is the run's folder; ``output`` the ONNX file's name and ``size`` its bytes.
    ``temperature_from`` says what the temperature was fitted on (empty: it was not). ``checks``
    has the parity of each kind of file.
    """

    config: Config
    data: Data
    spec: ModelSpec
    run: Path
    output: str
    size: int
    parameters: int
    evaluation: Evaluation | None
    temperature_from: str
    checks: Mapping[str, Parity]
    int8: Int8 | None


def card_text(card: Card) -> str:
    """The whole card, Markdown."""
    parts = [
        *_head(card),
        *_input(card.spec.input),
        *_answers(card.spec),
        *_data(card),
        *_training(card),
        *_figures(card),
        *_checks(card),
        *_limits(card),
        *_commands(card),
        CARD_MARK,
    ]
    return "\n\n".join(parts) + "\n"


def _head(card: Card) -> Iterator[str]:
    spec = card.spec
    yield f"# {spec.name or PurePath(card.output).stem}"
    licence = (
        f"Licence {spec.provenance.licence}."
        if spec.provenance.licence
        else (
            "No licence was stated (`licence` in the settings): ask its maker before passing it on."
        )
    )
    yield paragraph(
        f"{PURPOSES.get(spec.role, 'A network')}. Role `{spec.role}`, decoder "
        f"`{spec.decoder.name}`, task `{card.config.task}`; {card.parameters:,} parameters, "
        f"{card.size / 1e6:.2f} MB. {licence}"
    )
    use = USES.get(spec.role, 'solver.Solver("{file}")').format(file=card.output)
    yield f"```python\nimport solver\n\n{use}\n```"


def _input(rule: InputSpec) -> Iterator[str]:
    yield "## Input"
    width = (
        f"{rule.min_width} to {rule.max_width}, in steps of {rule.width_multiple}"
        if rule.width is None
        else str(rule.width)
    )
    mean, std = _numbers(rule.mean), _numbers(rule.std)
    scaled = f"(level · {rule.scale:.6g} − {mean}) / {std}, levels 0–255"
    rows = [
        ("height × width", f"{rule.height} × {width} pixels"),
        ("colour", "red, green, blue" if rule.channels == 3 else "grey"),
        ("fit", f"`{rule.fit}`: {FITS[rule.fit]}; {rule.interpolation}; ground {rule.fill}"),
        ("threshold", "none" if rule.threshold is None else f"white above {rule.threshold}"),
        ("tensor", f"(N, H, W, C) float32 `image`: {scaled}"),
    ]
    yield table(("", "what the file's contract says; `solver` does it"), rows)


def _answers(spec: ModelSpec) -> Iterator[str]:
    yield "## Answers"
    decoder = spec.decoder
    if decoder.symbols:
        more = "" if len(decoder.symbols) <= SHOWN else " and more: the contract has them all"
        length = f" Up to {decoder.length} in a text." if decoder.length else ""
        yield (
            f"{len(decoder.symbols)} symbols: {code(decoder.symbols[:SHOWN])}{more}.{length} "
            "Nothing else can be read."
        )
        return
    named = ", ".join(code(label) for label in decoder.labels[:SHOWN])
    more = "" if len(decoder.labels) <= SHOWN else " and more: the contract has them all"
    yield f"{len(decoder.labels)} classes: {named}{more}. Every answer is one of them" + (
        f", and never {code(decoder.background)}, which stands for everything else."
        if decoder.background
        else "."
    )


def _data(card: Card) -> Iterator[str]:
    yield "## Data"
    sides = (("training", card.data.train), ("validation", card.data.validation))
    is_boxes = card.spec.role == "detector"
    rows = [
        (name, side, f"{len(part):,}", *([f"{_boxes(part):,}"] if is_boxes else []))
        for side, of in sides
        for name, part in of.items()
    ]
    yield table(("source", "part", "pictures", *(["boxes"] if is_boxes else [])), rows)
    lists = sorted(
        {
            PurePath(source.only).name
            for source in (*card.config.data.train, *card.config.data.validation)
            if source.only
        }
    )
    split = f"The parts are those that {', '.join(map(code, lists))} list. " if lists else ""
    yield paragraph(
        f"{split}Seed {card.config.seed}. SHA-256 of the training part's labels, names and sizes: "
        f"`{card.spec.provenance.data_sha256}`."
    )


def _boxes(samples: Sequence[Sample]) -> int:
    return sum(len(sample.boxes) for sample in samples)


def _training(card: Card) -> Iterator[str]:
    yield "## Training"
    start = bases.begun_with(card.run)
    begun = f" It began with the weights of `{PurePath(start).name}`." if start else ""
    yield _length(card) + begun
    yield f"```toml\n{_settings(card.config)}\n```"
    versions = card.spec.provenance.versions
    yield "Exported with " + ", ".join(f"{name} {value}" for name, value in versions.items()) + "."


def _length(card: Card) -> str:
    epochs = runlog.epochs(runlog.read(card.run / "log.csv"))
    looks = round(sum(card.data.repeats)) + sum(one.count for one in card.data.endless)
    most = f"{card.config.fit.epochs} epochs of {looks:,} pictures (`repeat` counted)"
    if not epochs:
        return f"At most {most}; the run left no log."
    last, best = epochs[-1], runlog.best(epochs)
    if best is None or best.accuracy is None:
        return (
            f"{last.number} of at most {most}. There was no validation part, so the weights are "
            f"those of the last epoch; its mean training loss was {last.loss:.4g}."
        )
    return (
        f"{last.number} of at most {most}. The weights are those of epoch {best.number}, the best "
        f"on validation: {100 * best.accuracy:.1f} % {_measure(card)}, the mean of its sources."
    )


def _measure(card: Card) -> str:
    """What decides which epoch is the best, after a number of per cent."""
    return "AP@.5" if card.spec.role == "detector" else "right"


def _settings(config: Config) -> str:
    """The settings that make the network and the run; whatever may name a place is left out."""
    body: dict[str, Any] = asdict(config)
    hidden = ("data", "symbols", "labels", "licence", "name")
    lines = [
        f"{key} = {toml(value)}"
        for key, value in body.items()
        if key not in hidden and not isinstance(value, dict)
    ]
    own = [config.task] if config.task in ("classify", "detect") else []
    for name in ("input", "model", *own, "fit"):
        lines += ["", f"[{name}]"]
        for key, value in body[name].items():
            shown = PurePath(value).name if key in ("weights", "start_from") else value
            lines.append(f"{key} = {toml(shown)}")
    lines += ["", "[data]", f"augment = {toml(config.data.augment)}"]
    lines += [f"augment_strength = {toml(config.data.augment_strength)}"]
    return "\n".join(lines)


def _figures(card: Card) -> Iterator[str]:
    yield "## Figures on validation"
    if card.evaluation is None:
        yield "There was no validation part: **how often it is right is not known.**"
        return
    yield from figures(card.evaluation)
    if card.spec.role == "detector":
        fitted = "The score of a box is no probability: nothing was fitted."
    else:
        fitted = _fitted(card)
    yield paragraph(
        f"{fitted} Training chose its best epoch by these same pictures, so the figures are a "
        "little kind: the test part, which nothing has seen, tells more (`solver-train evaluate`)."
    )


def _fitted(card: Card) -> str:
    temperature = card.spec.decoder.temperature
    return (
        f"Confidence: temperature {temperature:.3f}, fitted on {card.temperature_from}."
        if card.temperature_from
        else "Confidence was not fitted (temperature 1): export with `--calibrate`."
    )


def _checks(card: Card) -> Iterator[str]:
    yield "## Checks"
    names = {"ONNX": "Keras in double precision"}
    rows = [
        (kind, names.get(kind, "Keras"), str(found), f"{found.tolerance:g}")
        for kind, found in card.checks.items()
    ]
    yield table(("file", "against", "found", "allowed"), rows)
    if card.int8 is not None:
        yield from _int8(card.int8)


def _int8(found: Int8) -> Iterator[str]:
    verdict = "" if found.passes else " **It loses more than allowed and was not written.**"
    is_boxes = found.ap50 is not None
    low, high = found.interval
    yield "## int8"
    yield paragraph(
        f"Calibrated on {found.calibrated_on}, measured on {found.right[0].count} "
        f"{'boxes' if is_boxes else 'pictures'} of the "
        f"validation part. Loss: {100 * found.loss:.1f} points [{100 * low:.1f}, "
        f"{100 * high:.1f}], {found.lost} {'boxes' if is_boxes else 'answers'} lost and "
        f"{found.gained} gained; allowed: {100 * found.allowed:g}"
        f"{', of AP@.5 too' if is_boxes else ''}.{verdict} The time is the processor's, one "
        "picture at a time, on the machine that exported."
    )
    rows = [
        (
            name,
            f"{found.right[side].right}/{found.right[side].count}",
            f"{100 * found.ap50[side]:.1f} %"
            if found.ap50 is not None
            else f"{found.right_ignoring_case[side].right}/{found.right_ignoring_case[side].count}",
            f"{found.milliseconds[side]:.2f}",
            f"{found.size[side] / 1e6:.2f}",
        )
        for side, name in enumerate(("float32", "int8"))
    ]
    head = ("", "boxes found", "AP@.5") if is_boxes else ("", "right", "ignoring case")
    yield table((*head, "ms", "MB"), rows)


def _limits(card: Card) -> Iterator[str]:
    yield "## Limits"
    # What is drawn while training is known to nobody beforehand.
    samples = [] if card.data.endless else card.data.samples
    trained = [box.label for one in samples for box in one.boxes] or [one.label for one in samples]
    lines = limits(card.evaluation, trained=trained, decoder=card.spec.decoder)
    yield "\n".join(f"- {line}" for line in lines)


def _commands(card: Card) -> Iterator[str]:
    yield "## Made by"
    options = "" if not card.temperature_from else " --calibrate"
    options += "" if card.int8 is None else " --int8"
    yield (
        "```sh\nsolver-train fit captcha.toml\n"
        f"solver-train export captcha.toml -o {card.output}{options}\n```"
    )


def _numbers(values: Sequence[float]) -> str:
    """One number where all are equal."""
    kept = values[:1] if len(set(values)) == 1 else values
    shown = ", ".join(f"{value:g}" for value in kept)
    return shown if len(kept) == 1 else f"({shown})"
