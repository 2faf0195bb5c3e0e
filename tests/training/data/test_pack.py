"""Packs: what comes out is what went in, in its order; damage is named; nothing is overwritten."""

from __future__ import annotations

import errno
import hashlib
import json
import shutil
from pathlib import Path

import numpy as np
import pytest

from solver.charset import Charset
from tests.training.data.pictures import resaved, save, scene
from training.config import Config, Source
from training.data import pack as packing
from training.data.check import check
from training.data.pack import pack
from training.data.pipeline import Feeder, padded_codes, predict_batches
from training.samples import (
    Annotation,
    DatasetError,
    Sample,
    fingerprint,
    read_folder,
    read_source,
)

COUNT = 24


@pytest.fixture
def pictures(tmp_path: Path) -> Path:
    folder = tmp_path / "set"
    for n in range(COUNT - 1):
        save(folder, f"{n % 10}{n // 10}_{n}.png", scene(n, width=60 + 20 * (n % 3), height=48))
    resaved(scene(99)).save(folder / "77_x.jpg")
    return folder


def read(folder: Path, **options: str) -> list[Sample]:
    return read_source(Source(folder.name, reader="pack", **options), folder.parent)


@pytest.mark.parametrize("shards", [0, 1, 3, COUNT])
def test_the_same_samples_come_out(pictures: Path, tmp_path: Path, shards: int) -> None:
    samples = read_folder(pictures)
    packed = pack(samples, pictures, tmp_path / "packs" / "set", shards=shards)
    found = read(packed.folder)
    assert [(s.path.name, s.label, s.source) for s in found] == [
        (s.path.name, s.label, s.source) for s in samples
    ]
    assert [s.content() for s in found] == [s.path.read_bytes() for s in samples]
    assert fingerprint(found) == fingerprint(samples)
    assert packed.pictures == COUNT
    assert packed.shards == max(shards, 1) == len(list(packed.folder.glob("*.tfrecord")))
    assert packed.picture_bytes == sum(s.path.stat().st_size for s in samples)
    files = sum(path.stat().st_size for path in packed.folder.iterdir())
    assert packed.bytes == files <= 1.1 * packed.picture_bytes
    assert [p.name for p in packed.folder.parent.iterdir()] == ["set"]


def test_the_index_has_the_sums_of_the_files(pictures: Path, tmp_path: Path) -> None:
    out = pack(read_folder(pictures), pictures, tmp_path / "p", shards=2).folder
    for shard in json.loads((out / "pack.json").read_text())["shards"]:
        body = (out / shard["file"]).read_bytes()
        assert (shard["bytes"], shard["sha256"]) == (len(body), hashlib.sha256(body).hexdigest())


def test_training_and_prediction_get_the_same_tensors(pictures: Path, tmp_path: Path) -> None:
    spec = Config(symbols="0123456789").input_spec()
    files = read_folder(pictures)
    packed = read(pack(files, pictures, tmp_path / "p", shards=2).folder)

    def batches(samples: list[Sample], cache: int) -> list[np.ndarray]:
        feeder = Feeder(
            samples,
            [1.0] * len(samples),
            spec=spec,
            targets=padded_codes(Charset("0123456789").encode),
            batch=4,
            seed=5,
            workers=1,
            cache_bytes=cache,
        )
        return [array for pair in feeder.epoch(1) for array in pair]

    for cache in (0, 1 << 30):
        pairs = zip(batches(files, 0), batches(packed, cache), strict=True)
        assert all(np.array_equal(one, two) for one, two in pairs)
    pairs = zip(
        predict_batches(files, spec, batch=5), predict_batches(packed, spec, batch=5), strict=True
    )
    for (indices, x, places), (packed_indices, packed_x, packed_places) in pairs:
        assert (indices, places) == (packed_indices, packed_places)
        assert np.array_equal(x, packed_x)


def test_groups_boxes_and_odd_names(pictures: Path, tmp_path: Path) -> None:
    plain = read_folder(pictures)
    (pictures / "deep").mkdir()
    odd = pictures / "deep" / "名 \n.png"
    shutil.copy(plain[0].path, odd)
    boxes = (Annotation(1, 2, 3.5, 4, "龙"),)
    samples = [
        Sample(odd, "龙\u2028", "s", group="g"),
        Sample(plain[1].path, "", "s", boxes),
        Sample(plain[2].path, "a", "s", boxes, "g2"),
    ]
    found = read(pack(samples, pictures, tmp_path / "p").folder)
    assert [(s.label, s.group, s.boxes) for s in found] == [
        (s.label, s.group, s.boxes) for s in samples
    ]
    assert found[0].path == tmp_path / "p" / "deep" / "名 \n.png"


def test_lists_check_and_packs_of_packs(pictures: Path, tmp_path: Path) -> None:
    out = pack(read_folder(pictures), pictures, tmp_path / "p").folder
    (tmp_path / "only.csv").write_text("file,label\n00_0.png,00\n77_x.jpg,77\n")
    kept = read(out, only="only.csv")
    assert [s.label for s in kept] == ["00", "77"]
    report = check({"p": read(out)})
    assert report.pictures == COUNT
    assert not report.damaged
    again = pack(kept, out, tmp_path / "q").folder
    assert [s.content() for s in read(again)] == [s.content() for s in kept]
    (tmp_path / "only.csv").write_text("file,label\nnone.png,1\n")
    with pytest.raises(DatasetError, match=r"no such picture as 'none\.png'"):
        read(out, only="only.csv")


def test_damaged_pictures_are_left_out(pictures: Path, tmp_path: Path) -> None:
    (pictures / "bad_1.png").write_bytes(b"no picture")
    packed = pack(read_folder(pictures), pictures, tmp_path / "p")
    assert packed.pictures == COUNT
    assert [item.sample.path.name for item in packed.damaged] == ["bad_1.png"]


def test_a_damaged_shard_is_named(pictures: Path, tmp_path: Path) -> None:
    out = pack(read_folder(pictures), pictures, tmp_path / "p", shards=2).folder
    samples = read(out)
    bad = samples[COUNT // 2 + 3]
    assert bad.record is not None
    body = bytearray(bad.record.file.read_bytes())
    body[bad.record.offset + 40] ^= 0xFF
    bad.record.file.write_bytes(body)
    with pytest.raises(DatasetError) as caught:
        list(predict_batches(samples, Config().input_spec(), batch=8))
    for part in ("00001-of-00002.tfrecord", f"record 3 ({bad.path.name})", "is damaged"):
        assert part in str(caught.value)


def test_a_shard_that_is_cut_or_gone_is_named_at_once(pictures: Path, tmp_path: Path) -> None:
    out = pack(read_folder(pictures), pictures, tmp_path / "p").folder
    shard = out / "00000-of-00001.tfrecord"
    record = read(out)[5].record
    assert record is not None
    shard.write_bytes(shard.read_bytes()[: record.offset + 20])
    with pytest.raises(DatasetError, match=r"00000-of-00001\.tfrecord.*from record 5 \("):
        read(out)
    shard.unlink()
    with pytest.raises(DatasetError, match=r"tfrecord: No such file"):
        read(out)


SHARD = {"file": "a.tfrecord", "bytes": 0, "sha256": "", "records": 1}


@pytest.mark.parametrize(
    ("index", "message"),
    [
        ("{", "not JSON"),
        ("[" * 100_000, "not JSON"),
        ("[]", "expected a pack of version 1"),
        ('{"version": 2}', "expected a pack of version 1, received 2"),
        ('{"version": 1}', "not the index"),
        (json.dumps({"version": 1, "shards": [], "records": []}), "no pictures"),
        (json.dumps({"version": 1, "shards": [], "records": [["a", "b", 0, 0, 1]]}), "not the"),
        (
            json.dumps({"version": 1, "shards": [SHARD | {"file": "../x"}], "records": []}),
            "not the",
        ),
        (
            json.dumps({"version": 1, "shards": [SHARD], "records": [["a", "b", 0, -1, 1]]}),
            "not the",
        ),
        (
            json.dumps({"version": 1, "shards": [SHARD], "records": [["a", 5, 0, 0, 1]]}),
            "not the",
        ),
        (
            json.dumps({"version": 1, "shards": [SHARD], "records": [["a", "b", 0, 0, 1]]}),
            "No such file",
        ),
    ],
)
def test_a_strange_index(tmp_path: Path, index: str, message: str) -> None:
    (tmp_path / "p").mkdir()
    (tmp_path / "p" / "pack.json").write_text(index)
    with pytest.raises(DatasetError, match=message):
        read(tmp_path / "p")


def test_what_is_there_stays(pictures: Path, tmp_path: Path) -> None:
    samples = read_folder(pictures)
    (tmp_path / "p").mkdir()
    pack(samples, pictures, tmp_path / "p")
    with pytest.raises(DatasetError, match="there is something already"):
        pack(samples, pictures, tmp_path / "p")
    assert len(read(tmp_path / "p")) == COUNT


@pytest.mark.parametrize("shards", [-1, COUNT + 1])
def test_shards(pictures: Path, tmp_path: Path, shards: int) -> None:
    with pytest.raises(DatasetError, match=f"expected 1 to {COUNT}"):
        pack(read_folder(pictures), pictures, tmp_path / "p", shards=shards)


def test_nothing_to_pack(tmp_path: Path) -> None:
    with pytest.raises(DatasetError, match="none of 0 files"):
        pack([], tmp_path, tmp_path / "p")
    with pytest.raises(DatasetError, match="expected a pack"):
        read(tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_a_full_disk_leaves_nothing_behind(
    pictures: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    written: list[bytes] = []

    def full(_: object, data: bytes) -> bytes:
        if len(written) == 5:
            raise OSError(errno.ENOSPC, "No space left on device")
        written.append(data)
        return data

    monkeypatch.setattr(packing, "write_record", full)
    with pytest.raises(OSError, match="No space left"):
        pack(read_folder(pictures), pictures, tmp_path / "packs" / "p")
    assert list((tmp_path / "packs").iterdir()) == []
    assert len(list(pictures.iterdir())) == COUNT
