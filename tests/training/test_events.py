"""Event files are what TensorFlow writes: its own protocol buffers read them."""

from __future__ import annotations

import struct
from pathlib import Path
from typing import Any

import pytest

from training.events import EventWriter
from training.samples.tfrecord import masked_crc


def records(path: Path) -> list[bytes]:
    """The data of each record, its checksums held against it."""
    raw, found = path.read_bytes(), []
    while raw:
        (size,) = struct.unpack("<Q", raw[:8])
        assert struct.unpack("<I", raw[8:12])[0] == masked_crc(raw[:8])
        data, raw = raw[12 : 12 + size], raw[12 + size :]
        assert struct.unpack("<I", raw[:4])[0] == masked_crc(data)
        found.append(data)
        raw = raw[4:]
    return found


def events(path: Path) -> list[Any]:
    """Parsed by TensorFlow's own definition."""
    pytest.importorskip("tensorflow")
    from tensorflow.core.util import event_pb2

    return [event_pb2.Event.FromString(data) for data in records(path)]


def test_a_new_file_says_its_version_and_where_it_starts(tmp_path: Path) -> None:
    path = EventWriter(tmp_path / "events", clock=lambda: 12.5).path
    assert path.name.startswith("events.out.tfevents.")
    first, second = records(path)
    assert first.endswith(b"brain.Event:2")
    assert second.endswith(b"\x10\x00\x3a\x02\x08\x01")
    assert struct.unpack("<d", first[1:9]) == (12.5,)


@pytest.mark.training
def test_tensorflow_reads_the_values(tmp_path: Path) -> None:
    writer = EventWriter(tmp_path, step=300, clock=lambda: 7.0)
    writer.scalars(300, {"train/loss": 0.25})
    writer.scalars(1 << 40, {"validation/中文/exact": 1.0, "none": float("nan")})
    writer.scalars(2, {})
    version, start, one, two, none = events(writer.path)
    assert version.file_version == "brain.Event:2"
    assert (start.step, start.session_log.status) == (300, 1)
    assert (one.step, one.wall_time) == (300, 7.0)
    assert [(v.tag, v.simple_value) for v in one.summary.value] == [("train/loss", 0.25)]
    assert two.step == 1 << 40
    assert [v.tag for v in two.summary.value] == ["validation/中文/exact", "none"]
    assert not none.summary.value


def test_each_writer_begins_a_file_and_keeps_the_others(tmp_path: Path) -> None:
    first = EventWriter(tmp_path)
    before = first.path.read_bytes()
    EventWriter(tmp_path, step=5)
    assert len(list(tmp_path.iterdir())) == 2
    assert first.path.read_bytes() == before
