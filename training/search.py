"""Settings by trial: learning rate, batch, width and dropout, at random and then near the best.

Short trials sort out, long ones decide: random search (Bergstra and Bengio 2012) whose best get
more epochs, as in successive halving (Jamieson and Talwalkar 2016). The first trial is the
settings as they are. All is drawn from the seed and from earlier results, so that a search that
was stopped goes on as if it had not been.
"""

from __future__ import annotations

import csv
import io
import logging
import math
from collections.abc import Callable
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from training.config import Config
from training.data.sources import read_data
from training.figures.shares import Share
from training.models.backbones import OWN
from training.samples import DatasetError
from training.trials import (
    EXACT,
    FitFunction,
    Ledger,
    TrialError,
    digest,
    loss_at_best,
    measure,
    need_validation,
    spoken,
    train,
)
from training.whole import write_whole

_log = logging.getLogger(__name__)

COARSE, FINE, FINAL = "coarse", "fine", "final"
SHORT = 3  # a short trial has a third of the epochs
LEAST = 3
COLUMNS = ("trial", "stage", "epochs", "learning_rate", "batch", "width", "dropout")


@dataclass(frozen=True, slots=True)
class Settings:
    """What a trial tries."""

    learning_rate: float
    batch: int
    width: int
    dropout: float

    @classmethod
    def of(cls, config: Config) -> Settings:
        """Those of a configuration."""
        return cls(
            config.fit.learning_rate, config.fit.batch, config.model.width, config.model.dropout
        )

    def within(self, config: Config, *, epochs: int) -> Config:
        """The configuration with these settings in their places."""
        warmup = math.ceil(config.fit.warmup * epochs / config.fit.epochs)
        return replace(
            config,
            model=replace(config.model, width=self.width, dropout=self.dropout),
            fit=replace(
                config.fit,
                learning_rate=self.learning_rate,
                batch=self.batch,
                epochs=epochs,
                warmup=warmup,
            ),
        )


@dataclass(frozen=True, slots=True)
class Trial:
    """One training and what came of it; ``error`` says why nothing did.

    ``measure`` is what ``share`` is a share of: "exact", or "ap50" of a detector. ``loss`` is
    that on validation, where it is known.
    """

    number: int
    stage: str
    epochs: int
    settings: Settings
    share: Share
    error: str = ""
    measure: str = EXACT
    loss: float | None = None

    @property
    def rank(self) -> tuple[bool, float, float, int]:
        """The best trial has the lowest: more right, or as much at a lower loss, or earlier."""
        loss = math.inf if self.loss is None else self.loss
        return bool(self.error), -self.share.value, loss, self.number

    def row(self) -> dict[str, Any]:
        """Its line of the table."""
        low, high = self.share.interval
        figures = {self.measure: round(self.share.value, 5), "low": round(low, 5)}
        first = {"trial": self.number, "stage": self.stage, "epochs": self.epochs}
        counts = {"high": round(high, 5), "pictures": self.share.count}
        loss = "" if self.loss is None else round(self.loss, 5)
        last = {"validation_loss": loss, "error": self.error}
        return {**first, **asdict(self.settings), **figures, **counts, **last}


def search(
    config: Config,
    root: Path,
    out: Path,
    *,
    trials: int = 12,
    seed: int = 1,
    epochs: int | None = None,
    fit: FitFunction = train,
    on_report: Callable[[str], None] = _log.info,
) -> list[Trial]:
    """Run or finish a search in the folder ``out``; the trials come in their order.

    The best quarter of the short trials are trained for ``epochs`` (None: the configuration's).
    Written are ``trials.jsonl``, ``search.csv``, ``best.toml`` and a run's folder for each trial.

    Raises:
        DatasetError: the data cannot be used, or there is no validation.
        StudyError: ``out`` holds a search with other settings, pictures or options.
        TrialError: every trial failed.
    """
    whole = config.fit.epochs if epochs is None else epochs
    if trials < LEAST or whole < 1:
        raise DatasetError(
            f"expected at least {LEAST} trials and 1 epoch, received {trials} and {whole}"
        )
    data = read_data(config, root)
    checked = [sample for part in data.validation.values() for sample in part]
    need_validation(checked)
    header = {
        "study": "search",
        "base": digest(config, [*data.samples, *checked]),
        "trials": trials,
        "seed": seed,
        "epochs": whole,
    }
    ledger = Ledger(out / "trials.jsonl", header)
    finals = fines = max(1, trials // 4)
    coarse = trials - fines - finals
    short = max(1, math.ceil(whole / SHORT))
    done: list[Trial] = []

    def run(stage: str, settings: Settings, length: int) -> None:
        number = len(done) + 1
        folder = out / f"trial-{number:03d}"
        tried = settings.within(config, epochs=length)
        record = ledger.run(
            str(number),
            lambda: fit(tried, root, folder),
            {"stage": stage, "epochs": length, **asdict(settings)},
        )
        share = Share(record["right"], record["count"])
        trial = Trial(number, stage, length, settings, share, record["error"], measure(config))
        done.append(replace(trial, loss=loss_at_best(folder / "log.csv")))
        on_report(line(done[-1]))

    for number in range(1, coarse + fines + 1):
        rng = np.random.default_rng([seed, number])
        if number == 1:
            run(COARSE, Settings.of(config), short)
        elif number <= coarse:
            run(COARSE, _that_fits(draw(config, rng), done), short)
        else:
            run(FINE, _that_fits(near(best(done).settings, config, rng), done), short)
    for settings in _leaders(done, finals):
        run(FINAL, settings, whole)
    write_whole(out / "search.csv", table(done).encode())
    write_whole(out / "best.toml", snippet(winner(done)).encode())
    return done


def draw(config: Config, rng: np.random.Generator) -> Settings:
    """Far from the configuration: the rate over a factor of 30, batch and width over 4."""
    usual = Settings.of(config)
    rate = usual.learning_rate * math.exp(rng.uniform(math.log(1 / 6), math.log(5)))
    batch = usual.batch * float(rng.choice([0.5, 1, 2]))
    width = usual.width * math.exp(rng.uniform(math.log(0.6), math.log(1.8)))
    return _rounded(config, rate, batch, width, rng.uniform(0, 0.5))


def near(settings: Settings, config: Config, rng: np.random.Generator) -> Settings:
    """A step from the best so far."""
    return _rounded(
        config,
        settings.learning_rate * math.exp(rng.normal(0, 0.35)),
        settings.batch * float(rng.choice([0.5, 1, 1, 2])),
        settings.width * math.exp(rng.normal(0, 0.2)),
        settings.dropout + rng.normal(0, 0.08),
    )


def best(trials: list[Trial]) -> Trial:
    """The most accurate; of several the one with the lowest loss, or the first."""
    return min(trials, key=lambda trial: trial.rank)


def winner(trials: list[Trial]) -> Trial:
    """The most accurate of the long trials.

    Raises:
        TrialError: every one failed.
    """
    found = best([trial for trial in trials if trial.stage == FINAL] or trials)
    if found.error:
        raise TrialError(f"every trial failed; the last one: {found.error}")
    return found


def table(trials: list[Trial]) -> str:
    """All trials as CSV."""
    text = io.StringIO()
    columns = [*COLUMNS, trials[0].measure, "low", "high", "pictures", "validation_loss", "error"]
    writer = csv.DictWriter(text, columns, lineterminator="\n")
    writer.writeheader()
    writer.writerows(trial.row() for trial in trials)
    return text.getvalue()


def snippet(trial: Trial) -> str:
    """The best settings as they go into ``captcha.toml``."""
    low, high = trial.share.interval
    found = trial.settings
    return (
        f"# solver-train search, trial {trial.number}: {spoken(trial.share, trial.measure)} "
        f"[{100 * low:.1f}, {100 * high:.1f}], on validation\n"
        f"[model]\nwidth = {found.width}\ndropout = {found.dropout!r}\n\n"
        f"[fit]\nlearning_rate = {found.learning_rate!r}\nbatch = {found.batch}\n"
        f"epochs = {trial.epochs}\n"
    )


def line(trial: Trial) -> str:
    """One trial for a person."""
    low, high = trial.share.interval
    found = trial.settings
    figures = f"{trial.share.value:.3f} [{low:.3f}, {high:.3f}]"
    return (
        f"{trial.number:3d}  {trial.stage:6}  epochs {trial.epochs:3d}  "
        f"learning_rate {found.learning_rate:<8g} batch {found.batch:<4d} "
        f"width {found.width:<3d} dropout {found.dropout:<5g} {trial.error or figures}"
    )


def verdict(trials: list[Trial]) -> str:
    """What the search found, and how far it can be told from chance."""
    found = winner(trials)
    low, _ = found.share.interval
    short = [trial for trial in trials if trial.stage != FINAL]
    first = short[0]
    others = [t for t in short if t.settings != found.settings and not t.error]
    level = [trial for trial in others if trial.share.interval[1] >= low]
    text = (
        f"best: trial {found.number}, {spoken(found.share, found.measure)} "
        f"after {found.epochs} epochs; the settings as they were: "
        f"{first.error or f'{100 * first.share.value:.1f} %'} after {first.epochs}"
    )
    if level:
        text += f"; {len(level)} short trials cannot be told from it by so few pictures"
    return text


def _that_fits(settings: Settings, trials: list[Trial]) -> Settings:
    """Where memory ran out, batches are half as large from then on."""
    failed = [trial.settings.batch for trial in trials if trial.error]
    return replace(settings, batch=max(1, min([settings.batch, *(size // 2 for size in failed)])))


def _leaders(trials: list[Trial], count: int) -> list[Settings]:
    """The settings of the best trials, each once."""
    ranked = sorted(trials, key=lambda trial: trial.rank)
    return list(dict.fromkeys(trial.settings for trial in ranked))[:count]


def _rounded(config: Config, rate: float, batch: float, width: float, dropout: float) -> Settings:
    """Settings that read well. Networks that have no such setting keep what they were given."""
    usual = Settings.of(config)
    is_sized = config.task not in ("ctc-tiny", "detect")
    # Weights to begin with have a width already.
    is_free = is_sized and not config.fit.start_from
    has_width = is_free and (config.model.backbone or "compact") in OWN
    return Settings(
        learning_rate=float(f"{rate:.2g}"),
        batch=max(1, round(batch)),
        width=max(4, 4 * round(width / 4)) if has_width else usual.width,
        dropout=round(min(max(dropout, 0.0), 0.6), 2) if is_sized else usual.dropout,
    )
