"""Many trainings in a row: what each came to, written down at once, so that none is done twice."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any, TypeAlias

from training import runlog
from training.config import Config
from training.figures.shares import Share
from training.samples import DatasetError, Sample, fingerprint

EXACT, AP50 = "exact", "ap50"


class TrialError(RuntimeError):
    """One training came to nothing, and another may not; the message says why."""


class StudyError(ValueError):
    """The folder holds trainings of other settings or pictures; the message says what to do."""


# A configuration, where its data paths start, and the run's folder → validation answers that are
# right. A TrialError is a result too.
FitFunction: TypeAlias = Callable[[Config, Path, Path], Share]


def train(config: Config, root: Path, run: Path) -> Share:
    """Train with :func:`training.trainer.fit`, and count what was right in the best epoch.

    Raises:
        TrialError: the training was ended by a fault, such as a lack of memory or a loss of NaN.
        DatasetError: the data cannot be used.
    """
    import keras

    from training import trainer, watch

    keras.backend.clear_session()
    try:
        return best_epoch(trainer.fit(config, root, run) / "log.csv")
    except watch.TrainingFault as fault:
        raise TrialError(str(fault)) from fault


def best_epoch(log: Path) -> Share:
    """All validation pictures of a run's log together, in the epoch whose weights it kept.

    Of a detector it is the average precision, as a share of the pictures.

    Raises:
        StudyError: the log has no epoch with validation.
    """
    rows = runlog.read(log)
    best = runlog.best(runlog.epochs(rows))
    if best is None:
        raise StudyError(f"{log}: no epoch was validated; give data.validation a source")
    part = [row for row in runlog.validated(rows) if int(row["epoch"]) == best.number]
    counts = [int(row["count"]) for row in part]
    right = [runlog.main_share(row) * count for row, count in zip(part, counts, strict=True)]
    return Share(sum(right) if AP50 in part[0] else sum(map(round, right)), sum(counts))


def loss_at_best(log: Path) -> float | None:
    """The validation loss of a run's best epoch, the mean of its sources.

    None where there is no log, or no such loss in it.
    """
    best = runlog.best(runlog.epochs(runlog.read(log)))
    return None if best is None else best.validation_loss


def measure(config: Config) -> str:
    """What trainings of these settings are compared by, as the log's column is called."""
    return AP50 if config.task == "detect" else EXACT


def spoken(share: Share, measure: str) -> str:
    """A share by its measure, for a sentence."""
    if measure == AP50:
        return f"AP@.5 {100 * share.value:.1f} % on {share.count} pictures"
    return f"{100 * share.value:.1f} % of {share.count} right"


def digest(config: Config, samples: list[Sample]) -> str:
    """Tells apart settings together with their pictures."""
    return hashlib.sha256(f"{config!r}\0{fingerprint(samples)}".encode()).hexdigest()[:16]


class Ledger:
    """Finished trials, a JSON object a line, each on the disk before the next one starts.

    The first line says what the trials belong to. A last line that a power cut tore is passed
    over, and its trial done anew.
    """

    def __init__(self, path: Path, header: Mapping[str, Any]) -> None:
        """Open or begin a ledger.

        Raises:
            StudyError: it was begun with another header, or is no ledger.
        """
        self._path = path
        self._done: dict[str, dict[str, Any]] = {}
        lines = list(_lines(path)) if path.exists() else []
        if not lines:
            path.parent.mkdir(parents=True, exist_ok=True)
            self._append(dict(header))
            return
        if lines[0] != dict(header):
            changed = [key for key in header if lines[0].get(key) != header[key]]
            raise StudyError(
                f"{path}: was begun with other settings, pictures or options "
                f"({', '.join(changed) or 'another kind of study'}); give the same ones to go on, "
                "or another --out to begin anew"
            )
        for line in lines[1:]:
            self._done[str(line["key"])] = line

    def find(self, key: str) -> dict[str, Any] | None:
        """The record of a finished trial."""
        return self._done.get(key)

    def add(self, key: str, record: Mapping[str, Any]) -> dict[str, Any]:
        """Keep a finished trial's record."""
        line = {"key": key, **record}
        self._append(line)
        self._done[key] = line
        return line

    def run(self, key: str, fit: Callable[[], Share], record: Mapping[str, Any]) -> dict[str, Any]:
        """The record of a trial with ``right``, ``count`` and ``error``, training if need be."""
        done = self.find(key)
        if done is not None:
            return done
        try:
            share, error = fit(), ""
        except TrialError as failure:
            share, error = Share(0, 0), str(failure)
        found = {"right": share.right, "count": share.count, "error": error}
        return self.add(key, {**record, **found})

    def _append(self, line: dict[str, Any]) -> None:
        body = self._path.read_bytes() if self._path.exists() else b""
        is_torn = bool(body) and not body.endswith(b"\n")
        text = ("\n" if is_torn else "") + json.dumps(line, ensure_ascii=False) + "\n"
        with self._path.open("a", encoding="utf-8") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())


def _lines(path: Path) -> Iterator[dict[str, Any]]:
    for text in path.read_text(encoding="utf-8", errors="replace").splitlines():
        try:
            line = json.loads(text)
        except json.JSONDecodeError:
            continue
        if isinstance(line, dict):
            yield line


def need_validation(samples: list[Sample]) -> None:
    """Raise where there is nothing to compare trials by."""
    if not samples:
        raise DatasetError(
            "data.validation: no source; trials are compared by it: add one, or make one with "
            "solver-train split"
        )
