"""TFRecord framing against the published checksum, against TensorFlow, and against damage."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from training.samples.tfrecord import OVERHEAD, Record, RecordError, crc32c, write_record

LENGTHS = (0, 1, 8, 63, 64, 255, 256, 257, 512, 5000)


def plain(data: bytes) -> int:
    """CRC-32C, bit by bit."""
    crc = 0xFFFFFFFF
    for byte in data:
        crc ^= byte
        for _ in range(8):
            crc = crc >> 1 ^ (0x82F63B78 if crc & 1 else 0)
    return crc ^ 0xFFFFFFFF


@pytest.mark.parametrize(
    ("data", "expected"),
    [  # RFC 3720, B.4
        (b"123456789", 0xE3069283),
        (bytes(32), 0x8A9136AA),
        (b"\xff" * 32, 0x62A8AB43),
        (bytes(range(32)), 0x46DD794E),
    ],
)
def test_published_sums(data: bytes, expected: int) -> None:
    assert crc32c(data) == expected


@pytest.mark.parametrize("length", LENGTHS)
def test_blocks_give_what_bits_give(length: int) -> None:
    data = np.random.default_rng(length).bytes(length)
    assert crc32c(data) == plain(data)


def write(path: Path, parts: list[bytes]) -> list[Record]:
    records, offset = [], 0
    with path.open("wb") as file:
        for number, data in enumerate(parts):
            records.append(Record(path, number, offset, len(data)))
            offset += len(write_record(file, data))
    return records


def test_round_trip(tmp_path: Path) -> None:
    parts = [np.random.default_rng(n).bytes(n) for n in LENGTHS]
    records = write(tmp_path / "a", parts)
    assert [record.read() for record in reversed(records)] == parts[::-1]
    assert (
        records[-1].end == (tmp_path / "a").stat().st_size == sum(LENGTHS) + OVERHEAD * len(LENGTHS)
    )


@pytest.mark.training
def test_tensorflow_reads_it(tmp_path: Path) -> None:
    tensorflow = pytest.importorskip("tensorflow")
    parts = [np.random.default_rng(n).bytes(n) for n in LENGTHS]
    write(tmp_path / "a", parts)
    read = tensorflow.data.TFRecordDataset([str(tmp_path / "a")])
    assert [item.numpy() for item in read] == parts


@pytest.mark.parametrize("place", [0, 7, 8, 12, 400, 411, 412])
def test_a_changed_byte_is_found(tmp_path: Path, place: int) -> None:
    first, second = write(tmp_path / "a", [bytes(400), b"next"])
    body = bytearray((tmp_path / "a").read_bytes())
    body[place] ^= 1
    (tmp_path / "a").write_bytes(body)
    with pytest.raises(RecordError):
        first.read()
    assert second.read() == b"next"


def test_cut_short(tmp_path: Path) -> None:
    (record,) = write(tmp_path / "a", [bytes(100)])
    (tmp_path / "a").write_bytes((tmp_path / "a").read_bytes()[:50])
    with pytest.raises(RecordError, match="expected 116 bytes, the file has 50"):
        record.read()
