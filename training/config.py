"""``captcha.toml`` ⇄ frozen dataclasses. An unknown key or a bad value is named."""

from __future__ import annotations

import sys
import tomllib
from dataclasses import dataclass, field
from pathlib import Path

from solver.charset import ALNUM, Charset, free_blank
from solver.errors import SolverError
from solver.spec import DecoderSpec, InputSpec
from training import ranges
from training.classify_settings import Classify
from training.detect_settings import Detect
from training.pixels import IMAGENET, PixelRule
from training.typed import ConfigError, build

SIDES = ("left", "right")
# The reader whose pictures no file holds.
GENERATOR = "generator"
LIMITED, MEMORY = "limited", "memory"
MILD, STRONG = "mild", "strong"
TASKS = ("ctc", "ctc-tiny", "multi-head", "classify", "detect")
OPTIMIZERS = ("adamw", "adabelief")
SCHEDULES = ("constant", "cosine", "linear", "step", "plateau")


@dataclass(frozen=True, slots=True)
class Source:
    """Labelled pictures: a folder, or a labels file with its pictures below its own folder.

    ``repeat`` is how often an epoch shows them (0.5: half). ``reader`` says where labels come
    from: ``separator`` and ``side`` are for names of files, ``labels`` (a file) and ``columns``
    for tables, COCO and YOLO. ``only`` is a CSV list that leaves out all others. With the reader
    "generator" the path is a settings file, and ``count`` pictures an epoch are drawn from it.
    """

    path: str
    name: str = ""
    repeat: float = 1.0
    reader: str = "filename"
    separator: str = "_"
    side: str = "left"
    labels: str = ""
    columns: tuple[str, ...] = ()
    only: str = ""
    count: int = 0

    @property
    def is_drawn(self) -> bool:
        """Whether its pictures are drawn as they are needed."""
        return self.reader == GENERATOR

    def __post_init__(self) -> None:
        if self.count < 0 or self.is_drawn != bool(self.count):
            raise ConfigError(
                f"count: expected {'> 0, pictures an epoch,' if self.is_drawn else 'none'} with "
                f"reader {self.reader!r}, received {self.count}"
            )
        if self.is_drawn and (self.only or self.repeat != 1):
            raise ConfigError(f"only, repeat: expected none with reader {GENERATOR!r}: set count")
        if self.side not in SIDES:
            raise ConfigError(f"side: expected one of {', '.join(SIDES)}, received {self.side!r}")
        if len(self.columns) not in (0, 2, 3):
            raise ConfigError(
                "columns: expected the names of the file, label and, if there is one, group "
                f"columns; received {list(self.columns)}"
            )
        if self.repeat < 0:
            raise ConfigError(f"repeat: expected ≥ 0, received {self.repeat}")


@dataclass(frozen=True, slots=True)
class Data:
    """Training and validation sources, paths relative to the settings file.

    ``cache`` is what is kept of decoded pictures: "memory" all of them, so that a pack or a folder
    is loaded once; "limited" up to ``cache_mb``, and what is beyond is read again in each epoch.
    ``augment_strength`` is how far ``augment`` goes: "strong" bends, specks and crosses out, too
    (not for boxes, which would no longer fit).
    """

    train: tuple[Source, ...] = ()
    validation: tuple[Source, ...] = ()
    workers: int = 2
    cache: str = LIMITED
    cache_mb: int = 4096
    augment: bool = True
    augment_strength: str = MILD

    def __post_init__(self) -> None:
        if self.cache not in (LIMITED, MEMORY):
            raise ConfigError(
                f'data.cache: expected "{LIMITED}" (to cache_mb) or "{MEMORY}" (all of it), '
                f"received {self.cache!r}"
            )
        if self.augment_strength not in (MILD, STRONG):
            raise ConfigError(
                f'data.augment_strength: expected "{MILD}" or "{STRONG}", '
                f"received {self.augment_strength!r}"
            )

    @property
    def is_strong(self) -> bool:
        """Whether pictures are bent, specked and crossed out, too."""
        return self.augment_strength == STRONG

    @property
    def cache_bytes(self) -> int:
        """How much of decoded pictures is kept."""
        return sys.maxsize if self.cache == MEMORY else self.cache_mb << 20


@dataclass(frozen=True, slots=True)
class Input:
    """Pixels to tensor; see :class:`solver.spec.InputSpec`.

    ``width = 0`` is free, for CTC only (``min_width`` and ``max_width`` then bound it);
    ``threshold = -1`` is none. ``scale``, ``mean`` and ``std`` are the same for every channel; with
    ImageNet weights, theirs take the place of the defaults (:mod:`training.pixels`).
    """

    height: int = 48
    width: int = 0
    channels: int = 3
    fit: str = "letterbox"
    fill: int = 128
    threshold: int = -1
    scale: float = 1 / 127.5
    mean: float = 1.0
    std: float = 1.0
    max_width: int = 320
    min_width: int = 48

    @property
    def has_default_scaling(self) -> bool:
        """Whether ``scale``, ``mean`` and ``std`` are what they are where none is given."""
        return (self.scale, self.mean, self.std) == (1 / 127.5, 1.0, 1.0)


@dataclass(frozen=True, slots=True)
class Model:
    """Size of the network; ``backbone`` and ``weights`` as in ``training.models.backbones``.

    ``backbone = ""`` is the task's own. ``freeze`` is the last frozen layer, or "backbone".
    ``freeze_batch_norm`` keeps the statistics, scale and offset of every batch normalisation.
    """

    backbone: str = ""
    weights: str = ""
    width: int = 24
    features: int = 128
    context: int = 2
    dropout: float = 0.1
    freeze: str = ""
    freeze_batch_norm: bool = False


@dataclass(frozen=True, slots=True)
class Fit:
    """How to train. ``schedule`` runs over ``epochs`` after ``warmup`` steps.

    ``patience`` epochs without a better validation end the run (0: never): more whole answers, or
    as many at a lower loss; epochs before the first right one do not count. ``average`` is the
    momentum of a running mean of the weights that is validated and kept in their place (Polyak
    and Juditsky 1992; 0: none). ``start_from`` is whose weights a new run begins with: an
    embedded model's, or a ``.weights.h5`` file's (empty: none).
    """

    batch: int = 64
    epochs: int = 20
    optimizer: str = "adamw"
    learning_rate: float = 2e-3
    schedule: str = "cosine"
    warmup: int = 300
    weight_decay: float = 1e-4
    clip_norm: float = 5.0
    label_smoothing: float = 0.0
    patience: int = 0
    average: float = 0.0
    mixed_precision: bool = False
    checkpoint_steps: int = 500
    start_from: str = ""


@dataclass(frozen=True, slots=True)
class Config:
    """Everything a run needs.

    ``symbols`` are a text model's; ``length`` is a multi-head model's number of characters, the
    blank filling up shorter labels; ``labels`` are the classes of a classifier or detector, in
    their order (empty: those of the training pictures, sorted).
    """

    task: str = "ctc"
    name: str = "captcha"
    symbols: str = ALNUM
    length: int = 0
    labels: tuple[str, ...] = ()
    seed: int = 1
    licence: str = ""
    data: Data = field(default_factory=Data)
    input: Input = field(default_factory=Input)
    model: Model = field(default_factory=Model)
    classify: Classify = field(default_factory=Classify)
    detect: Detect = field(default_factory=Detect)
    fit: Fit = field(default_factory=Fit)

    def __post_init__(self) -> None:
        if self.task not in TASKS:
            raise ConfigError(
                f"task: expected one of {', '.join(map(repr, TASKS))}, received {self.task!r}"
            )
        if not self.name.isprintable() or self.name in {"", ".", ".."} or "/" in self.name:
            raise ConfigError(
                f"name: expected what a folder in runs/ can be called, received {self.name!r}"
            )
        if self.fit.schedule not in SCHEDULES:
            raise ConfigError(
                f"fit.schedule: expected one of {', '.join(SCHEDULES)}, "
                f"received {self.fit.schedule!r}"
            )
        if self.fit.optimizer not in OPTIMIZERS:
            raise ConfigError(
                f"fit.optimizer: expected one of {', '.join(OPTIMIZERS)}, "
                f"received {self.fit.optimizer!r}"
            )
        ranges.check(self)
        if self.is_ctc and self.fit.label_smoothing:
            raise ConfigError(
                f"fit.label_smoothing: expected 0 with task {self.task!r}, received "
                f"{self.fit.label_smoothing}"
            )
        self._check_size()
        if self.task == "detect":
            self._check_detect()
        elif self.detect != Detect():
            raise ConfigError(f"detect: expected no such table with task {self.task!r}")
        if self.task != "classify" and self.classify != Classify():
            raise ConfigError(f"classify: expected no such table with task {self.task!r}")
        if self.data.is_strong and (self.task == "detect" or self.classify.photo):
            with_what = "classify.photo" if self.classify.photo else "task 'detect'"
            raise ConfigError(
                f'data.augment_strength: expected "{MILD}" with {with_what}, received "{STRONG}"'
            )
        background = self.classify.background
        if background and self.labels and background not in self.labels:
            raise ConfigError(f"classify.background: expected one of labels, got {background!r}")
        try:
            self.input_spec()
            self.detect.anchors()
            if not self.has_labels:
                self.decoder_spec()
        except SolverError as error:
            raise ConfigError(str(error).replace("decoder.anchors.", "detect.")) from error

    def _check_size(self) -> None:
        if self.is_ctc and self.input.height % 16:
            raise ConfigError(
                f"input.height: expected a multiple of 16, received {self.input.height}"
            )
        if self.is_ctc == bool(self.input.width):
            expected = "0 (free)" if self.is_ctc else "a width in pixels"
            raise ConfigError(
                f"input.width: expected {expected} with task {self.task!r}, "
                f"received {self.input.width}"
            )
        if (self.task == "multi-head") != bool(self.length):
            raise ConfigError(
                f"length: expected {'> 0' if self.task == 'multi-head' else 'none'} with task "
                f"{self.task!r}, received {self.length}"
            )

    def _check_detect(self) -> None:
        if not -2 <= self.detect.phi <= 7:
            raise ConfigError(f"detect.phi: expected -2 to 7, received {self.detect.phi}")
        if self.fit.label_smoothing:
            raise ConfigError(
                "fit.label_smoothing: expected 0 with task 'detect', received "
                f"{self.fit.label_smoothing}"
            )
        if not 0 <= self.detect.flip <= 1:
            raise ConfigError(f"detect.flip: expected 0 to 1, received {self.detect.flip}")
        if not 3 <= len(self.detect.sizes) <= 6:
            raise ConfigError(
                f"detect.sizes: expected 3 to 6 numbers, received {len(self.detect.sizes)}"
            )
        coarsest = self.detect.strides[-1]
        for name in ("height", "width"):
            if getattr(self.input, name) % coarsest:
                raise ConfigError(
                    f"input.{name}: expected a multiple of {coarsest} with "
                    f"{len(self.detect.sizes)} detect.sizes, received {getattr(self.input, name)}"
                )

    @property
    def is_ctc(self) -> bool:
        """Whether the width is free and the length any."""
        return self.task in ("ctc", "ctc-tiny")

    @property
    def blank(self) -> str:
        """What stands for no symbol in the contract."""
        return free_blank(self.symbols)

    @property
    def charset(self) -> Charset:
        """A text model's symbols, and the blank."""
        return Charset(self.symbols, blank=self.blank)

    @property
    def role(self) -> str:
        """What the network is for, as the contract says it."""
        return {"classify": self.classify.role, "detect": "detector"}.get(self.task, "text")

    @property
    def has_labels(self) -> bool:
        """Whether answers are named classes, and not text."""
        return self.task in ("classify", "detect")

    def input_spec(self) -> InputSpec:
        """The contract's rule from picture to tensor."""
        pixels = self._pixel_rule()
        return InputSpec(
            height=self.input.height,
            width=self.input.width or None,
            channels=self.input.channels,
            fit="height" if self.is_ctc else self.input.fit,
            fill=self.input.fill,
            threshold=None if self.input.threshold < 0 else self.input.threshold,
            min_width=self.input.min_width,
            max_width=self.input.max_width,
            scale=pixels.scale,
            mean=pixels.mean,
            std=pixels.std,
        )

    def _pixel_rule(self) -> PixelRule:
        """Of the settings; ImageNet weights have one of their own, which then holds in use too."""
        own, channels = self.input, self.input.channels
        given = PixelRule(own.scale, (own.mean,) * channels, (own.std,) * channels)
        rule = IMAGENET.get(self.model.backbone) if self.model.weights else None
        if rule is None:
            return given
        if channels != len(rule.mean):
            raise ConfigError(
                f"weights: the ImageNet weights of {self.model.backbone} are for colour, received "
                f"{channels} channel; set input.channels = 3 (a grey picture is read as colour), "
                "or leave weights out"
            )
        if not own.has_default_scaling and given != rule:
            raise ConfigError(
                f"input.scale, mean, std: the ImageNet weights of {self.model.backbone} come with "
                f"{rule}; leave the three out, they are set to it; received {given}"
            )
        return rule

    def decoder_spec(
        self, *, labels: tuple[str, ...] = (), temperature: float = 1.0
    ) -> DecoderSpec:
        """The contract's decoder; ``labels`` are the classes where the settings name none."""
        if self.has_labels:
            is_detector = self.task == "detect"
            return DecoderSpec(
                name="anchors" if is_detector else "softmax",
                labels=self.labels or labels,
                temperature=temperature,
                anchors=self.detect.anchors() if is_detector else None,
                background=self.classify.background or None,
            )
        return DecoderSpec(
            name="ctc" if self.is_ctc else "multi_head",
            symbols=self.symbols,
            blank=self.blank,
            length=self.length or None,
            temperature=temperature,
        )


def load(path: Path) -> Config:
    """Read a settings file; relative source paths are resolved against its folder.

    Raises:
        ConfigError: no such file, not TOML, an unknown key or a bad value.
    """
    try:
        body = tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise ConfigError(f"{path}: {error.strerror}") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ConfigError(f"{path}: {error}") from error
    try:
        return build("", Config, body)
    except ConfigError as error:
        raise ConfigError(f"{path}: {error}") from error
