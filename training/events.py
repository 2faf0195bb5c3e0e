"""TensorBoard event files, written without TensorFlow, so that every Keras backend has them.

A file is TFRecords of ``Event`` messages: ``tensorflow/core/util/event.proto`` and
``framework/summary.proto``. The few fields that a scalar takes are put together by hand.
"""

from __future__ import annotations

import os
import socket
import struct
import time
from collections.abc import Callable, Mapping
from pathlib import Path

from training.samples.tfrecord import write_record

# Field numbers of Event, Summary.Value and SessionLog; the low three bits are the wire type.
_WALL_TIME, _STEP, _VERSION, _SUMMARY, _SESSION = 0x09, 0x10, 0x1A, 0x2A, 0x3A
_VALUE, _TAG, _SIMPLE_VALUE, _STATUS = 0x0A, 0x0A, 0x15, 0x08
_START = 1


class EventWriter:
    """Appends scalars to one new file in a folder, which grows with each call.

    ``step`` is the first that may follow: TensorBoard passes over what an earlier file of the
    folder, of a run that was killed, has from that step on.
    """

    def __init__(
        self, folder: Path, *, step: int = 0, clock: Callable[[], float] = time.time
    ) -> None:
        """Begin a file.

        Raises:
            OSError: the folder cannot be made or written.
        """
        folder.mkdir(parents=True, exist_ok=True)
        self._clock = clock
        # TensorBoard takes files in the order of their names.
        name = f"events.out.tfevents.{time.time_ns():020d}.{socket.gethostname()}.{os.getpid()}"
        self.path = folder / name
        self._append(_bytes(_VERSION, b"brain.Event:2"))
        self._append(_number(_STEP, step) + _bytes(_SESSION, _number(_STATUS, _START)))

    def scalars(self, step: int, values: Mapping[str, float]) -> None:
        """Append values by tag, such as ``train/loss``, at a step."""
        summary = b"".join(
            _bytes(
                _VALUE,
                _bytes(_TAG, tag.encode()) + bytes([_SIMPLE_VALUE]) + struct.pack("<f", value),
            )
            for tag, value in values.items()
        )
        self._append(_number(_STEP, step) + _bytes(_SUMMARY, summary))

    def _append(self, fields: bytes) -> None:
        head = bytes([_WALL_TIME]) + struct.pack("<d", self._clock())
        with self.path.open("ab") as file:
            write_record(file, head + fields)


def _number(key: int, value: int) -> bytes:
    return bytes([key]) + _varint(value)


def _bytes(key: int, body: bytes) -> bytes:
    return bytes([key]) + _varint(len(body)) + body


def _varint(value: int) -> bytes:
    """Seven bits a byte, the lowest first; the high bit says that there is more."""
    out = bytearray()
    while value > 0x7F:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    out.append(value)
    return bytes(out)
