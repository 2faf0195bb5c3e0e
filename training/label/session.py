"""Which picture comes next: the least certain of those that the model has looked at."""

from __future__ import annotations

import logging
import threading
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from training.evaluate import Reader, Unreadable, predict
from training.label.store import Store
from training.samples import DatasetError, Sample, listed_name
from training.samples.sample import picture_files

_log = logging.getLogger(__name__)

CHUNK = 16
PATIENCE = 5.0  # seconds that the first page waits for the first guesses


@dataclass(frozen=True, slots=True)
class Guess:
    """What the model reads in a picture, and how sure it is of the whole, 0–1."""

    text: str
    confidence: float


class Session:
    """The pictures of a folder, addressed by their index, and the answers about them.

    ``reader`` guesses on a thread of its own, after :meth:`start`; without one, pictures come in
    the order of their names. Pictures that no list can name are left out.

    Raises:
        DatasetError: no such folder, or no pictures in it.
    """

    def __init__(self, folder: Path, store: Store, *, reader: Reader | None = None) -> None:
        self.store = store
        self.pictures: list[Path] = []
        self.names: list[str] = []
        self.left_out: list[str] = []
        for path in picture_files(folder):
            try:
                self.names.append(listed_name(path, folder))
            except DatasetError as error:
                self.left_out.append(str(error))
            else:
                self.pictures.append(path)
        if not self.pictures:
            raise DatasetError(self.left_out[0])
        self._reader = reader
        self._guesses: dict[int, Guess] = {}
        self._broken: dict[int, str] = {}
        self._skipped: dict[int, int] = {}
        self._changed = threading.Condition()
        self._looked = 0
        self._fault = ""
        self._is_guessing = False
        self._is_stopping = False
        self._thread: threading.Thread | None = None

    @property
    def choices(self) -> tuple[str, ...]:
        """The classes of a classifier, to choose from."""
        return self._reader.model.spec.decoder.labels if self._reader else ()

    def start(self) -> None:
        """Let the model look at every picture that has no answer yet."""
        if self._reader is None:
            return
        todo = [i for i in range(len(self.names)) if not self.store.is_done(self.names[i])]
        self._is_guessing = bool(todo)
        self._thread = threading.Thread(target=self._guess, args=(todo,), daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """End the model's thread, after the few pictures that it is looking at."""
        self._is_stopping = True
        if self._thread is not None:
            self._thread.join()

    def next(self) -> int | None:
        """The index of the picture to ask about, or None where all have answers.

        First those with a guess, the least certain first; then those without; last those that
        were skipped, in the order of their skipping.
        """
        with self._changed:
            self._changed.wait_for(
                lambda: self._guesses or self._broken or not self._is_guessing, PATIENCE
            )
            open_ones = [i for i, name in enumerate(self.names) if not self.store.is_done(name)]
            return min(open_ones, key=self._rank, default=None)

    def skip(self, index: int) -> None:
        """Ask about a picture after all others."""
        with self._changed:
            self._skipped.pop(index, None)
            self._skipped[index] = 1 + max(self._skipped.values(), default=0)

    def save(self, index: int, label: str) -> None:
        """Keep a picture's label.

        Raises:
            LabelError: it cannot be kept.
            OSError: it cannot be written.
        """
        guess = self._guesses.get(index)
        self.store.put(
            self.names[index],
            label,
            guess=guess.text if guess else "",
            confidence=guess.confidence if guess else None,
        )

    def mark_unusable(self, index: int) -> None:
        """Keep that nobody can read a picture.

        Raises:
            LabelError, OSError: see :meth:`Store.mark_unusable`.
        """
        self.store.mark_unusable(self.names[index])

    def describe(self, index: int | None) -> dict[str, Any]:
        """A picture for the page, and how far the work is; without a picture at its end."""
        with self._changed:
            labelled = sum(self.store.label(name) is not None for name in self.names)
            unusable = sum(self.store.is_unusable(name) for name in self.names)
            state: dict[str, Any] = {
                "total": len(self.names),
                "labelled": labelled,
                "unusable": unusable,
                "looked": self._looked,
                "is_guessing": self._is_guessing,
                "fault": self._fault,
                "has_model": self._reader is not None,
                "choices": list(self.choices),
                "item": None,
            }
            if index is not None:
                guess = self._guesses.get(index)
                state["item"] = {
                    "index": index,
                    "name": self.names[index],
                    "label": self.store.label(self.names[index]),
                    "is_unusable": self.store.is_unusable(self.names[index]),
                    "guess": guess.text if guess else None,
                    "confidence": guess.confidence if guess else None,
                    "broken": self._broken.get(index),
                }
            return state

    def _rank(self, index: int) -> tuple[int, int, float, int]:
        guess = self._guesses.get(index)
        skipped = self._skipped.get(index, 0)
        # A picture that cannot be opened is the least certain of all.
        confidence = -1.0 if index in self._broken else guess.confidence if guess else 2.0
        return (int(bool(skipped)), skipped, confidence, index)

    def _guess(self, todo: Sequence[int]) -> None:
        try:
            for start in range(0, len(todo), CHUNK):
                if self._is_stopping:
                    return
                self._look_at(todo[start : start + CHUNK])
        except Exception as error:  # the page must say so: nobody waits for this thread
            _log.exception("the model stopped guessing")
            self._fault = f"the model stopped guessing: {error}"
        finally:
            with self._changed:
                self._is_guessing = False
                self._changed.notify_all()

    def _look_at(self, indices: Sequence[int]) -> None:
        assert self._reader is not None
        samples = {i: Sample(self.pictures[i], "", "") for i in indices}
        by_path = {sample.path: i for i, sample in samples.items()}
        broken: list[Unreadable] = []
        found = list(predict(self._reader, list(samples.values()), unreadable=broken))
        with self._changed:
            for one in found:
                self._guesses[by_path[one.sample.path]] = Guess(one.answer, one.confidence)
            for bad in broken:
                self._broken[by_path[bad.sample.path]] = bad.reason
            self._looked += len(indices)
            self._changed.notify_all()
