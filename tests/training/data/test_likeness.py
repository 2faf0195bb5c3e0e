"""Same, nearly the same, different."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from tests.training.data.pictures import resaved, save, scene
from training.data import likeness
from training.data.likeness import (
    BITS,
    Damaged,
    Looks,
    difference_hash,
    hashes,
    join_equal,
    look_at,
    members,
    near_groups,
    nearest,
)
from training.samples import Sample


def rows(*places: list[int]) -> np.ndarray:
    """Hashes of which these bits are set."""
    bits = np.zeros((len(places), BITS), dtype=np.uint8)
    for row, set_bits in zip(bits, places, strict=True):
        row[set_bits] = 1
    return np.packbits(bits, axis=1)


def test_hashes_of_copies_are_near_and_of_others_far() -> None:
    first = difference_hash(np.asarray(scene(1)))
    assert first.shape == (BITS // 8,)

    def distance(picture: object) -> int:
        return int(np.unpackbits(first ^ difference_hash(np.asarray(picture))).sum())

    assert distance(scene(1)) == 0
    assert distance(resaved(scene(1))) <= likeness.NEAR
    assert distance(scene(1).resize((86, 36))) <= 2 * likeness.NEAR
    assert min(distance(scene(seed)) for seed in range(2, 30)) > 40


def test_flat_pictures_have_no_bits() -> None:
    assert not difference_hash(np.full((1, 1, 3), 9, np.uint8)).any()
    noise = np.random.default_rng(1).integers(126, 129, (40, 90, 3), dtype=np.uint8)
    assert not difference_hash(noise).any()


def test_looks_and_damage_in_order(tmp_path: Path) -> None:
    paths = [save(tmp_path, f"{n}.png", scene(n % 2, width=20 + n % 2)) for n in range(70)]
    paths[3].write_bytes(b"\x89PNG\r\n\x1a\n and no more")
    paths[4].unlink()
    found = list(look_at([Sample(path, "x", "s") for path in paths], workers=2))
    assert [n for n, one in enumerate(found) if isinstance(one, Damaged)] == [3, 4]
    looks = [one for one in found if isinstance(one, Looks)]
    assert [one.width for one in looks[:3]] == [20, 21, 20]
    assert looks[0].digest == looks[2].digest != looks[1].digest
    assert list(look_at([])) == []


@pytest.mark.parametrize("block", [2, 3, 2048])
@pytest.mark.parametrize(
    ("bits", "labels", "expected"),
    [
        (rows(), "", []),
        (rows([1]), "a", [0]),
        (rows([], [0, 1], [7, 8, 9]), "abc", [0, 0, 2]),
        (rows([], [0, 1, 2], [9, 10, 11]), "abc", [0, 1, 2]),
        (rows([], [0, 1, 2, 3], [9]), "aba", [0, 1, 0]),
        (rows([], [0, 1, 2, 3]), "aa", [0, 0]),
        (rows([], [0, 1, 2, 3, 4]), "aa", [0, 1]),
        # A chain: the ends are 6 bits apart.
        (rows([0, 1], [0, 1, 2, 3], [0, 1, 2, 3, 4, 5], []), "abcd", [0, 0, 0, 0]),
        (rows(*[[]] * 7), "abcdefg", [0] * 7),
    ],
)
def test_groups(
    bits: np.ndarray,
    labels: str,
    expected: list[int],
    block: int,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(likeness, "BLOCK", block)
    assert near_groups(bits, list(labels), near=2).tolist() == expected


def test_groups_are_those_of_a_plain_search() -> None:
    rng = np.random.default_rng(5)
    bits = np.packbits(rng.random((60, 1, BITS)) < 0.02, axis=-1).reshape(60, -1)
    labels = [str(n % 3) for n in range(60)]
    expected = list(range(60))
    for _ in range(60):
        for i in range(60):
            for j in range(60):
                apart = int(np.unpackbits(bits[i] ^ bits[j]).sum())
                if apart <= (8 if labels[i] == labels[j] else 4):
                    expected[i] = min(expected[i], expected[j])
    found = near_groups(bits, labels, near=4)
    assert len(set(found.tolist())) > 3
    assert found.tolist() == expected


def test_join_equal_keys() -> None:
    alone = np.arange(5)
    assert join_equal(alone, ["a", "", "a", None, ""]).tolist() == [0, 1, 0, 3, 4]
    assert join_equal(alone, [""] * 5).tolist() == [0, 1, 2, 3, 4]
    joined = join_equal(np.array([0, 0, 2, 3, 3]), ["", "x", "", "x", ""])
    assert members(joined) == [[0, 1, 3, 4], [2]]


@pytest.mark.parametrize("block", [1, 2, 2048])
def test_nearest(block: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(likeness, "BLOCK", block)
    index, distance = nearest(rows([0], [5, 6, 7]), rows([9], [5, 6], [0]))
    assert index.tolist() == [2, 1]
    assert distance.tolist() == [0, 1]


def test_no_hashes() -> None:
    assert hashes([]).shape == (0, BITS // 8)
