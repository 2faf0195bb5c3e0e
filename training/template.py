"""A new ``captcha.toml``: every key of the settings with its value and what it does."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import asdict, replace
from typing import Any

from training.classify_settings import Classify
from training.config import Config, Data, Fit, Input, Model, Source
from training.detect_settings import Detect

TASKS = ("multi-head", "ctc", "ctc-tiny", "classify", "detect")
# Where labels are, for tasks that do not read them from file names.
READERS: Mapping[str, str] = {"classify": "classes", "detect": "coco"}
_WIDTH = 100
_COLUMN = 32


def defaults(task: str, *, name: str = "captcha") -> Config:
    """What a new project of a task starts with: some hundred pictures, two cores.

    Raises:
        ValueError: there is no such task.
    """
    own: dict[str, dict[str, Any]] = {
        "ctc": {"input": Input()},
        "ctc-tiny": {"input": Input(height=32)},
        "multi-head": {"input": Input(width=128), "length": 4, "model": Model(width=32)},
        "classify": {"input": Input(height=64, width=64), "model": Model(width=32)},
        "detect": {"input": Input(height=256, width=256)},
    }
    if task not in own:
        raise ValueError(f"task: expected one of {', '.join(TASKS)}, received {task!r}")
    reader = READERS.get(task, "filename")
    data = Data(
        train=(Source("data", reader=reader, only="splits/train.csv"),),
        validation=(Source("data", reader=reader, only="splits/validation.csv"),),
    )
    fit = Fit(epochs=100, warmup=100, patience=20, checkpoint_steps=200)
    if task == "detect":
        # In single precision: depthwise convolutions are slower with bfloat16 on processors.
        fit = replace(fit, batch=16)
    return Config(task=task, name=name, data=data, fit=fit, **own[task])


def settings(task: str, *, name: str = "captcha") -> str:
    """The text of a new ``captcha.toml``.

    Raises:
        ValueError: there is no such task.
    """
    return text(defaults(task, name=name))


def text(config: Config) -> str:
    """Settings as a ``captcha.toml`` with comments.

    Keys that a task has no use for, or that are best left alone, are comments; not so where they
    have another value than usual. Of sources the first of each side is written.
    """
    return "\n".join(_lines(config)) + "\n"


# Every key of the settings and what it does; a test looks that none lacks.
_TOP = {
    "task": "multi-head, ctc (text of any length), ctc-tiny (in small memory), classify, detect",
    "name": "of the model, and of its run in runs/",
    "symbols": "every character that an answer can have; solver-train check suggests them",
    "length": "the most characters; shorter answers are filled up with a blank",
    "labels": "the classes in their order; empty: those of the training pictures, sorted",
    "seed": "the same seed gives the same run",
    "licence": "of the pictures; written into the model's file",
}
_SOURCE = {
    "path": "a folder, or a labels file",
    "name": "what its figures are called; default: the folder's name",
    "repeat": "how often an epoch shows it",
    "reader": "where labels are: filename, csv, tsv, classes, pack, my_module:read; or generator",
    "separator": "7Kx2_a81f.png: the label is left of the last one",
    "side": "left or right of the separator",
    "labels": "the table, where path is a folder",
    "columns": 'of a table, such as ["file", "label"]',
    "only": "a list that solver-train split wrote; all others are left out",
    "count": "pictures that are drawn an epoch, where path is a generator's settings file",
}
_DATA = {
    "workers": "threads that decode",
    "cache": "memory keeps every decoded picture: all is read once; limited: as much as cache_mb",
    "cache_mb": "megabytes; what is beyond is read again in every epoch",
    "augment": "learn from changed versions: see them with solver-train preview",
    "augment_strength": "strong, where pictures are few: bent, specked and crossed out, too",
}
_INPUT = {
    "height": "pixels of the network's input: solver-train check suggests a size",
    "width": "0 is free, for ctc only",
    "channels": "3: colour, 1: grey",
    "fit": "letterbox keeps the shape of the picture, shrink only makes it smaller",
    "fill": "the grey around it, 0 to 255",
    "threshold": "above it white, else black; -1: none",
    "scale": "level * scale, minus mean, divided by std; ImageNet weights set all three",
    "mean": "see scale",
    "std": "see scale",
    "max_width": "wider pictures are squeezed (ctc)",
    "min_width": "narrower ones are padded (ctc)",
}
_MODEL = {
    "backbone": "empty: the task's own; slim, lenet, residual, resnet50 … or my_module:build",
    "weights": '"imagenet" for a backbone of Keras, or empty',
    "width": "of all layers: more is slower and learns more",
    "features": "of each place (multi-head)",
    "context": "blocks that look along the line",
    "dropout": "0 to 1: more where validation falls behind training",
    "freeze": 'the last layer that does not learn, or "backbone"; empty: all learn',
    "freeze_batch_norm": "batch normalisation stays as it is: faster, for trained weights",
}
_DETECT = {
    "phi": "size of the network, -2 to 7: larger is slower and learns more",
    "sizes": "sides of the boxes to look for, in pixels of the input; one a level, 3 to 6 levels",
    "scales": "and so many times these sides",
    "aspect_ratios": "of the boxes, width by height",
    "flip": "share of looks that training mirrors; 0 for writing",
    "score_threshold": "boxes that score less are no answer",
    "iou_threshold": "of two boxes that overlap more, the better one is the answer",
}
_CLASSIFY = {
    "role": "what it is for: class, glyph, header or tile",
    "background": "the class of what is none of the others: never an answer",
    "photo": "learn from changes of photographs: parts, mirrored, other light",
    "mix": "share of them that are mixed with another, 0 to 1",
    "mirror": "the exported network looks at the mirror image too, in twice the time",
    "prototypes": "how much likeness to a class's mean adds to its logit; 0: none",
}
_FIT = {
    "batch": "pictures in a step",
    "epochs": "passes over the pictures at most",
    "optimizer": "adamw or adabelief",
    "learning_rate": "the highest; too high: the loss jumps or is nan",
    "schedule": "constant, cosine, linear, step or plateau",
    "warmup": "steps until the highest learning rate",
    "weight_decay": "pulls weights towards zero",
    "clip_norm": "of the gradients",
    "label_smoothing": "0 to 1",
    "patience": "epochs without a better validation that end the run, once one is right; 0: never",
    "average": "momentum of a running mean of the weights, such as 0.99; 0: none",
    "mixed_precision": "for a GPU, or ctc on a processor that has bfloat16",
    "checkpoint_steps": "a killed run goes on from the last checkpoint",
    "start_from": "begin with these weights: text-general, or a .weights.h5 file",
}
TABLES: Mapping[type, Mapping[str, str]] = {
    Config: _TOP,
    Source: _SOURCE,
    Data: _DATA,
    Input: _INPUT,
    Model: _MODEL,
    Classify: _CLASSIFY,
    Detect: _DETECT,
    Fit: _FIT,
}
_SHOWN = {"path", "reader", "only"}
_ALONE = {"threshold", "scale", "mean", "std", "fill", "clip_norm", "weight_decay"}
_UNUSED: dict[str, dict[str, set[str]]] = {
    "ctc": {"top": {"length", "labels"}, "input": {"width", "fit"}, "model": {"features"}},
    "ctc-tiny": {
        "top": {"length", "labels"},
        "input": {"width", "fit"},
        "model": set(_MODEL) - {"freeze", "freeze_batch_norm"},
    },
    "multi-head": {"top": {"labels"}, "input": {"max_width", "min_width"}, "model": set()},
    "classify": {
        "top": {"symbols", "length"},
        "input": {"max_width", "min_width"},
        "model": {"features", "context"},
    },
    "detect": {
        "top": {"symbols", "length"},
        "input": {"max_width", "min_width"},
        "model": {"width", "features", "context", "dropout"},
    },
}


def _lines(config: Config) -> Iterator[str]:
    unused = _UNUSED[config.task]
    reader = READERS.get(config.task, "")
    reader = reader and f" --reader {reader}"
    yield f"# solver-train check data{reader} --html reports/check.html"
    yield f"# solver-train split data{reader} --out splits"
    yield "# solver-train preview captcha.toml --out reports/preview.png"
    yield "# solver-train fit captcha.toml"
    yield "#"
    yield "# What is commented out has the value that is shown."
    yield ""
    yield from _keys(_TOP, asdict(config), unused["top"])
    source = asdict(config.data.train[0])
    yield from ("", "[[data.train]]", *_keys(_SOURCE, source, set(_SOURCE) - _SHOWN))
    source = asdict(config.data.validation[0])
    short = {key: "" for key in _SOURCE if key in _SHOWN}
    yield from ("", "[[data.validation]]", *_keys(short, source, set()))
    yield from ("", "[data]", *_keys(_DATA, asdict(config.data), set()))
    yield from (
        "",
        "[input]",
        *_keys(_INPUT, asdict(config.input), unused["input"] | _usual(config.input)),
    )
    yield from ("", "[model]", *_keys(_MODEL, asdict(config.model), unused["model"]))
    if config.task == "classify":
        yield from ("", "[classify]", *_keys(_CLASSIFY, asdict(config.classify), set()))
    if config.task == "detect":
        yield from ("", "[detect]", *_keys(_DETECT, asdict(config.detect), set()))
    yield from ("", "[fit]", *_keys(_FIT, asdict(config.fit), _usual(config.fit)))


def _usual(part: Input | Fit) -> set[str]:
    """The keys that are best left alone, and were."""
    plain = asdict(type(part)())
    return {key for key, value in asdict(part).items() if key in _ALONE and value == plain[key]}


def _keys(table: Mapping[str, str], values: Mapping[str, Any], out: set[str]) -> Iterator[str]:
    """A line a key, its meaning behind it, or above where there is no room; ``out``: a comment."""
    for key, meaning in table.items():
        line = f"{'# ' if key in out else ''}{key} = {toml(values[key])}"
        beside = f"{line.ljust(_COLUMN)}  # {meaning}" if meaning else line
        yield from [beside] if len(beside) <= _WIDTH else [f"# {meaning}", line]


def toml(value: Any) -> str:
    """A string, number, truth or list of strings as TOML has it."""
    if isinstance(value, tuple):
        return f"[{', '.join(map(toml, value))}]"
    if isinstance(value, (str, bool)):
        return json.dumps(value, ensure_ascii=False)
    return repr(value)
