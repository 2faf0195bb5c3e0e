"""What a training begins with: weights, which symbols they know, and the settings that fit them.

A run's folder has its settings beside its weights, so that these can be begun with later on.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from training import template, weights
from training.checkpoint import CheckpointError
from training.config import Config, Fit, Input, Model, load
from training.layers import Arrays, TransferError, ctc_settings, read_layers
from training.typed import ConfigError, build
from training.whole import write_whole

SETTINGS = "settings.json"
# For weights that have learnt: gentle, and soon done.
_FIT = Fit(
    batch=32,
    epochs=40,
    learning_rate=1e-3,
    weight_decay=0.01,
    warmup=50,
    average=0.99,
    patience=15,
    checkpoint_steps=200,
)
_DROPOUT = 0.2
# Less of a network than that is no beginning.
ENOUGH = 0.5
_SHAPED = ("backbone", "width", "context")
_WIDTHS = ("input.min_width", "input.max_width")
_LONG = 60
_BACKBONES = {"classify": "residual", "detect": ""}


@dataclass(frozen=True, slots=True)
class Base:
    """Weights to begin with.

    ``names`` are the symbols or classes of its answers in their order, ``network`` the settings
    that its layers follow from (``"input.height"``); either is empty where nothing tells it.
    ``settings`` are all of those that it was trained with, where they are known.
    """

    name: str
    path: Path
    layers: Mapping[str, Arrays]
    names: tuple[str, ...]
    network: Mapping[str, Any]
    settings: Config | None = None

    def differences(self, config: Config) -> dict[str, tuple[Any, Any]]:
        """What these settings have otherwise, by key: the base's value, and theirs."""
        own = network_settings(config)
        return {
            key: (value, own[key])
            for key, value in self.network.items()
            # Colour and grey are turned into each other.
            if key in own and own[key] != value and key != "input.channels"
        }


def find(name: str, *, root: Path | None = None, declared: Path | None = None) -> Base:
    """An embedded model's weights, or a ``.weights.h5`` file, perhaps in ``root``.

    ``declared`` are the settings (``captcha.toml``) that a file's network was trained with; else
    those beside it count.

    Raises:
        FileNotFoundError: there are no such weights.
        TransferError: not such a file, or of another network than the settings say.
        ConfigError: the settings cannot be read.
    """
    near = root / name if root is not None and (root / name).is_file() else Path(name)
    path = weights.find(str(near))
    layers = read_layers(path)
    network = ctc_settings(layers)
    if near.is_file():
        settings = load(declared) if declared else _beside(path)
    elif network:
        settings = _embedded(name, network)
    else:
        settings = _read(embedded_settings(path))
    if settings is None:
        return Base(name, path, layers, (), network)
    names = settings.labels if settings.has_labels else tuple(settings.symbols)
    base = Base(name, path, layers, names, network_settings(settings), settings)
    _hold(base, network, str(declared or path.parent / SETTINGS))
    return base


def project(name: str, *, task: str = "", called: str) -> Config:
    """The settings of a new project that begins with these weights; ``called`` is its name.

    Raises:
        FileNotFoundError, TransferError, ConfigError: see :func:`find`.
        TransferError: its network is not known, or is for another task.
    """
    base = find(name)
    known = base.settings
    if known is None:
        raise TransferError(
            f"--from {name}: which settings it was trained with is not known: there is no "
            f"{SETTINGS} beside it; take the one in a run's folder, or write captcha.toml yourself"
        )
    if task and task != known.task:
        raise TransferError(
            f"--from {name}: is a network for the task {known.task}, received --task {task}; "
            "leave --task out"
        )
    dropout = max(known.model.dropout, _DROPOUT)
    start = str(base.path.resolve()) if Path(name).is_file() else name
    return replace(
        template.defaults(known.task, name=called),
        symbols=known.symbols,
        length=known.length,
        input=known.input,
        model=replace(known.model, dropout=dropout, freeze="", weights=""),
        classify=known.classify,
        detect=known.detect,
        fit=replace(_FIT, start_from=start),
    )


def _embedded(name: str, network: Mapping[str, Any]) -> Config:
    """What settings would make an embedded model's network."""
    spec = weights.contract(name)
    rule = spec.input
    return Config(
        name=name,
        symbols=spec.decoder.symbols,
        input=Input(
            height=rule.height,
            channels=rule.channels,
            fill=rule.fill,
            min_width=rule.min_width,
            max_width=rule.max_width,
        ),
        model=Model(
            backbone=network["model.backbone"],
            width=network["model.width"],
            context=network["model.context"],
        ),
    )


def network_settings(config: Config) -> dict[str, Any]:
    """The settings that a network's layers follow from."""
    model = asdict(config.model)
    task = "ctc" if config.is_ctc else config.task
    found: dict[str, Any] = {
        "task": task,
        "input.height": config.input.height,
        "input.channels": config.input.channels,
    }
    if config.task == "multi-head":
        found |= {"length": config.length, "input.width": config.input.width}
        found["model.features"] = model["features"]
    if config.task == "ctc-tiny":
        return found | {"model.backbone": "compact", "model.width": 12, "model.context": 1}
    if config.task == "detect":
        shapes = len(config.detect.scales) * len(config.detect.aspect_ratios)
        return found | {
            "model.backbone": model["backbone"],
            "detect.phi": config.detect.phi,
            "detect.scales × aspect_ratios": shapes,
        }
    model["backbone"] = model["backbone"] or _BACKBONES.get(task, "compact")
    kept = [key for key in _SHAPED if key != "context" or task != "classify"]
    return found | {f"model.{key}": model[key] for key in kept}


def keep(config: Config, labels: tuple[str, ...], run: Path, *, base: Base | None) -> None:
    """Write a new run's settings beside its weights-to-be; ``labels`` are its classes, if any."""
    named = replace(config, labels=labels) if config.has_labels else config
    if base is not None:
        named = replace(named, fit=replace(named.fit, start_from=base.name))
    write_settings(named, run / SETTINGS)


def write_settings(config: Config, path: Path) -> None:
    """Write settings as they stand beside weights, whole or not at all."""
    body = json.dumps(asdict(config), ensure_ascii=False, indent=2) + "\n"
    write_whole(path, body.encode())


def begun_with(run: Path) -> str:
    """The name of what a run began with; empty: nothing, or nothing is known."""
    settings = _beside(run / "any")
    return settings.fit.start_from if settings else ""


def hold(config: Config, labels: tuple[str, ...], path: Path) -> None:
    """Raise where a run's weights were trained for another contract than these settings make.

    Layers may fit all the same: a header's network and a tile's, say, of as many classes. Weights
    with no settings beside them are taken as they are. ``labels`` are the classes of the data.

    Raises:
        TransferError: the message says what differs.
        ConfigError: the settings beside the weights cannot be read.
    """
    known = _beside(path)
    differing = _differing(known, config, labels) if known else {}
    if differing:
        raise TransferError(
            f"{path}: was trained with other settings: {', '.join(differing)}; name the run of "
            'these settings with --run (a "name" of their own gives each TOML its own run), or '
            "train again: solver-train fit"
        )


def go_on(config: Config, labels: tuple[str, ...], run: Path) -> None:
    """Raise where a run that goes on would become another model: its layers may fit all the same.

    How wide pictures may be is free to change (a step may want more memory than there is), and is
    written down.

    Raises:
        CheckpointError: the message says what differs, and what to do.
        ConfigError: the run's settings cannot be read.
    """
    known = _beside(run / SETTINGS)
    differing = _differing(known, config, labels) if known else {}
    widths = {key for key in differing if key in _WIDTHS}
    barred = [
        f"{key} = {_shown(new)} (was {_shown(old)})"
        for key, (old, new) in differing.items()
        if key not in widths
    ]
    if barred:
        raise CheckpointError(
            f"{run}: was begun with other settings: {', '.join(barred)}; put back what was, or "
            "train in a new run folder: --run NEW"
        )
    if known and widths:
        write_settings(replace(known, input=config.input), run / SETTINGS)


def _differing(
    known: Config, config: Config, labels: tuple[str, ...]
) -> dict[str, tuple[Any, Any]]:
    """What makes another contract, by key: what was, and what is given."""

    def told(settings: Config) -> dict[str, Any]:
        answers: dict[str, Any] = {"task": settings.task, "role": settings.role}
        answers |= {f"input.{key}": value for key, value in asdict(settings.input).items()}
        names = settings.labels or labels if settings.has_labels else tuple(settings.symbols)
        return answers | {"labels" if settings.has_labels else "symbols": names}

    trained, given = told(known), told(config)
    return {key: (old, given.get(key)) for key, old in trained.items() if old != given.get(key)}


def begin(network: Any, base: Base, config: Config, labels: tuple[str, ...]) -> list[str]:
    """Give a network the weights of a base as far as they fit; what to tell of it.

    Raises:
        TransferError: less than half of the network fits; the message says which settings would.
    """
    from training.models import transfer

    names = (config.labels or labels) if config.has_labels else tuple(config.symbols)
    differences = base.differences(config)
    remedy = _remedy(base, differences)
    try:
        report = transfer.transfer(
            base.layers, network, old_symbols=base.names or names, new_symbols=names
        )
    except TransferError as error:
        raise TransferError(f"--from {base.name}: {remedy.lstrip('; ') or error}") from error
    sizes = {layer.name: layer.count_params() for layer in network.layers}
    taken = sum(sizes[name] for name in (*report.loaded, *report.adapted))
    share = taken / max(1, sum(sizes.values()))
    if share < ENOUGH:
        raise TransferError(
            f"--from {base.name}: only {100 * share:.0f} % of the network would begin with its "
            f"weights{remedy or f': {report}'}"
        )
    said = [f"{base.name}: {report}"]
    if differences:
        said.append(f"{base.name}: {100 * share:.0f} % of the network is taken over{remedy}")
    if "head" in report.left and not base.names:
        said.append(
            f"{base.name}: which symbols its answers stand for is not declared, so the last layer "
            "begins anew: name the captcha.toml that it was trained with: --from-config"
        )
    return said


def _remedy(base: Base, differences: Mapping[str, tuple[Any, Any]]) -> str:
    if not differences:
        return ""
    wanted = ", ".join(f"{key} = {_shown(value)}" for key, (value, _) in differences.items())
    given = ", ".join(f"{key} = {_shown(value)}" for key, (_, value) in differences.items())
    again = f", or make a project that fits: solver-train new DIR --from {base.name}"
    return (
        f"; it was trained with {wanted}, and these settings have {given}: write its values into "
        f"captcha.toml{again if base.network.get('task') == 'ctc' else ''}"
    )


def _shown(value: Any) -> str:
    if isinstance(value, tuple):
        value = ("" if all(len(x) == 1 for x in value) else ", ").join(value)
        value = value if len(value) <= _LONG else f"{value[:_LONG]}…"
    return f'"{value}"' if isinstance(value, str) else str(value)


def embedded_settings(path: Path) -> Path:
    """Where the settings of embedded weights lie that do not tell their network by themselves."""
    return path.with_name(path.name.removesuffix(weights.SUFFIX) + f".{SETTINGS}")


def _beside(path: Path) -> Config | None:
    """The settings that a run wrote beside its weights."""
    return _read(path.parent / SETTINGS)


def _read(settings: Path) -> Config | None:
    """The settings in a file, if it is there."""
    if not settings.is_file():
        return None
    try:
        return build("", Config, json.loads(settings.read_text(encoding="utf-8")))
    except (ValueError, OSError) as error:
        raise ConfigError(f"{settings}: {error}; name the settings with --from-config") from error


def _hold(base: Base, network: Mapping[str, Any], where: str) -> None:
    """Raise where the layers are not those of the settings."""
    for key, value in network.items():
        if base.network.get(key, value) != value:
            raise TransferError(
                f"{base.path}: not the weights of {where}: {key} is {_shown(value)} in the weights "
                f"and {_shown(base.network[key])} in the settings"
            )
    if "head" in base.layers and base.names:
        answers = base.layers["head"][0].shape[-1]
        if answers - len(base.names) not in (0, 1):
            raise TransferError(
                f"{base.path}: not the weights of {where}: the last layer has {answers} answers, "
                f"the settings have {len(base.names)} symbols or classes, and perhaps a blank"
            )
