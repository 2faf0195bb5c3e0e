"""TFRecord files, written and read without TensorFlow.

A record is its length (8 bytes, little-endian), the masked CRC-32C of those 8 bytes, the data, and
the masked CRC-32C of the data: ``tensorflow/core/lib/io/record_writer.h``. CRC-32C is Castagnoli's
polynomial, reflected (RFC 3720, B.4).
"""

from __future__ import annotations

import struct
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import BinaryIO

import numpy as np
import numpy.typing as npt

OVERHEAD = 16

_POLYNOMIAL = 0x82F63B78
_ONES = 0xFFFFFFFF
_BLOCK = 256
_SHORT = 64

UInt32 = npt.NDArray[np.uint32]


class RecordError(ValueError):
    """A record is not what was written."""


@dataclass(frozen=True, slots=True)
class Record:
    """Where one record lies: ``offset`` bytes into ``file``, ``size`` bytes of data."""

    file: Path
    number: int
    offset: int
    size: int

    @property
    def end(self) -> int:
        """Where the next one starts, in bytes."""
        return self.offset + self.size + OVERHEAD

    def read(self) -> bytes:
        """The data, checked.

        Raises:
            RecordError: it is cut short, not of this length, or a checksum does not hold.
            OSError: the file cannot be read.
        """
        with self.file.open("rb") as file:
            file.seek(self.offset)
            raw = file.read(self.size + OVERHEAD)
        if len(raw) != self.size + OVERHEAD:
            raise RecordError(f"expected {self.size + OVERHEAD} bytes, the file has {len(raw)}")
        length, length_sum = struct.unpack("<QI", raw[:12])
        if length != self.size or length_sum != masked_crc(raw[:8]):
            raise RecordError(f"expected a record of {self.size} bytes, there is none")
        data = raw[12:-4]
        if struct.unpack("<I", raw[-4:])[0] != masked_crc(data):
            raise RecordError("the checksum of its data does not hold")
        return data


def write_record(file: BinaryIO, data: bytes) -> bytes:
    """Append one record, and return the bytes that were written."""
    head = struct.pack("<Q", len(data))
    body = b"".join(
        (head, struct.pack("<I", masked_crc(head)), data, struct.pack("<I", masked_crc(data)))
    )
    file.write(body)
    return body


def masked_crc(data: bytes) -> int:
    """CRC-32C, turned and moved: a checksum over data that holds checksums would be weak."""
    crc = crc32c(data)
    return ((crc >> 15 | crc << 17) + 0xA282EAD8) & _ONES


def crc32c(data: bytes) -> int:
    """The CRC-32C of some bytes."""
    if len(data) < _SHORT:
        crc = _ONES
        step = _step_list()
        for byte in data:
            crc = crc >> 8 ^ step[(crc ^ byte) & 0xFF]
        return crc ^ _ONES
    # Blocks side by side: a CRC is linear, so a byte adds what its value and its distance from
    # the end of the block say, whatever stands around it. Zeros in front change nothing once the
    # starting state of all ones has moved into the first four bytes.
    front = -len(data) % _BLOCK
    padded = np.zeros(front + len(data), dtype=np.uint8)
    padded[front:] = np.frombuffer(data, dtype=np.uint8)
    padded[front : front + 4] ^= 0xFF
    shares, shift = _block_tables()
    rows = padded.reshape(-1, _BLOCK)
    sums = np.bitwise_xor.reduce(shares[np.arange(_BLOCK), rows], axis=1).tolist()
    crc = 0
    for own in sums:
        crc = (
            shift[0][crc & 0xFF]
            ^ shift[1][crc >> 8 & 0xFF]
            ^ shift[2][crc >> 16 & 0xFF]
            ^ shift[3][crc >> 24]
            ^ own
        )
    return crc ^ _ONES


@cache
def _step_table() -> UInt32:
    """What one byte makes of a state of zero."""
    table = np.arange(256, dtype=np.uint32)
    for _ in range(8):
        table = np.where(table & 1, table >> 1 ^ np.uint32(_POLYNOMIAL), table >> 1)
    return table


@cache
def _step_list() -> list[int]:
    return _step_table().tolist()


@cache
def _block_tables() -> tuple[UInt32, list[list[int]]]:
    """``shares[place, byte]`` of a block, and what a block makes of each byte of the state."""
    step = _step_table()

    def follow(table: UInt32) -> UInt32:
        """What one zero byte makes of states."""
        return np.asarray(table >> 8 ^ step[table & 0xFF], dtype=np.uint32)

    shares = np.empty((_BLOCK, 256), dtype=np.uint32)
    shares[-1] = step
    for place in range(_BLOCK - 2, -1, -1):
        shares[place] = follow(shares[place + 1])
    # A state meets the block as if it stood in the first four bytes, its lowest byte first.
    return shares, [shares[place].tolist() for place in range(4)]
