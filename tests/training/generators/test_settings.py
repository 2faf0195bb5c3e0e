"""Settings files, the generators they name, and the command that reads them."""

from __future__ import annotations

import importlib.util
import json
import pickle
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from solver.errors import MissingDependencyError
from training import cli
from training.generators import (
    ClassicGenerator,
    PypiCaptcha,
    SettingsError,
    TextGenerator,
    TilesGenerator,
    UniformText,
    read_settings,
)
from training.generators.classic import LEVELS
from training.generators.fonts import FontFace
from training.generators.settings import settings_from

HAS_CAPTCHA = importlib.util.find_spec("captcha") is not None
needs_captcha = pytest.mark.skipif(not HAS_CAPTCHA, reason="the package captcha is not installed")


def test_toml_and_json_say_the_same(tmp_path: Path) -> None:
    (tmp_path / "a.toml").write_text(
        'kind = "classic"\ncount = 3\nseed = 9\n[options]\nalphabet = "digits"\nlength = [4, 4]\n'
    )
    body = {"kind": "classic", "count": 3, "seed": 9}
    body["options"] = {"alphabet": "digits", "length": [4, 4]}
    (tmp_path / "b.json").write_text(json.dumps(body))
    drawn = []
    for name in ("a.toml", "b.json"):
        settings = read_settings(tmp_path / name)
        assert (settings.kind, settings.count, settings.seed) == ("classic", 3, 9)
        drawn.append(settings.generator.sample(np.random.default_rng(1)))
    assert drawn[0][1] == drawn[1][1]
    assert drawn[0][0].tobytes() == drawn[1][0].tobytes()


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ({}, "kind: expected one of"),
        ({"kind": "sound"}, "kind: expected one of"),
        ({"kind": "slide", "cuont": 3}, "cuont: unknown; expected of"),
        ({"kind": "slide", "count": "3"}, "count: expected a whole number. Received: '3'"),
        ({"kind": "slide", "count": True}, "count: expected a whole number"),
        ({"kind": "slide", "options": []}, "options: expected a table"),
        ({"kind": "slide", "options": {"moon": 1}}, "options.moon: unknown"),
        ({"kind": "slide", "options": {"turn": 90}}, "options: expected 120 <= width"),
        ({"kind": "slide", "options": {"width": [1]}}, "options.width: expected two numbers"),
        ({"kind": "classic", "options": {"alphabet": "runes"}}, "options.alphabet: expected one"),
        (
            {"kind": "classic", "options": {"alphabet": "digits", "symbols": "ab"}},
            "no symbols beside it",
        ),
        ({"kind": "classic", "options": {"ink": ["no"]}}, "expected colours"),
        ({"kind": "classic", "options": {"ink": "red"}}, "expected a list of texts"),
        ({"kind": "classic", "options": {"fonts": ["nowhere"]}}, "options.fonts: expected folders"),
        ({"kind": "text", "options": {"styles": ["x"]}}, "styles: expected of"),
        ({"kind": "text", "options": {"labels": "odd"}}, "labels: expected"),
        ({"kind": "text", "options": {"disturbance": "odd"}}, "disturbance: expected"),
        ({"kind": "tiles", "options": {"layout": {"rws": 2}}}, "layout: .*rws"),
        ({"kind": "tiles", "options": {"layout": "5x5"}}, "options.layout: .*5x5"),
        ({"kind": "tiles", "options": {"layout": "no.toml"}}, "options.layout: .*no.toml"),
        ({"kind": "tiles", "options": {"layout": 3}}, "options.layout: expected a table, a layout"),
    ],
)
def test_what_is_wrong_is_named(body: dict[str, Any], message: str, tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match=message) as caught:
        settings_from(body, tmp_path / "some.toml")
    assert "some.toml" in str(caught.value)


def test_a_layout_is_a_table_a_name_or_a_file_beside(
    tmp_path: Path, chinese: tuple[FontFace, ...]
) -> None:
    text = "rows = 1\ncolumns = 2\ntile = 40\ngap = 4\norigin = [4, 4]\nsize = [92, 48]\n"
    (tmp_path / "pair.toml").write_text(text)
    for layout, count in (("pair.toml", 2), ("3x3", 9), ({"rows": 1}, 4)):
        body = {"kind": "tiles", "options": {"layout": layout}}
        generator = settings_from(body, tmp_path / "some.toml").generator
        assert isinstance(generator, TilesGenerator)
        assert len(generator.layout.boxes()) == count


@pytest.mark.parametrize(
    ("name", "text", "message"),
    [
        ("a.yaml", "kind: text", "expected a .toml or .json file"),
        ("a.toml", "kind = ", "not readable as TOML"),
        ("a.json", "[1]", "expected a table"),
        ("a.json", "{", "not readable as JSON"),
    ],
)
def test_unreadable_files(tmp_path: Path, name: str, text: str, message: str) -> None:
    (tmp_path / name).write_text(text)
    with pytest.raises(SettingsError, match=message):
        read_settings(tmp_path / name)


@pytest.mark.parametrize("level", ["none", "low", "medium", "high"])
def test_text_with_a_level_and_sizes(level: str, tmp_path: Path) -> None:
    options = {"alphabet": "digits", "disturbance": level, "size": [20, 24], "styles": ["wide"]}
    generator = settings_from({"kind": "text", "options": options}, tmp_path / "a.toml").generator
    picture, label = generator.sample(np.random.default_rng(0))
    assert label.isdigit()
    assert picture.height < 80


def test_uniform_text_draws_every_symbol_alike(latin: tuple[FontFace, ...]) -> None:
    generator = UniformText(TextGenerator("0aZ", (3, 3), fonts=latin, styles=["wide"]))
    rng = np.random.default_rng(0)
    text = "".join(generator.sample(rng)[1] for _ in range(40))
    assert all(20 < text.count(symbol) < 60 for symbol in "0aZ")


@pytest.mark.parametrize("level", sorted(LEVELS))
def test_classic(latin: tuple[FontFace, ...], level: str) -> None:
    generator = ClassicGenerator(
        "abc01",
        (4, 4),
        size=(128, 64),
        fonts=latin,
        ink=["white"],
        ground=["#204060", "navy"],
        disturbance=level,
    )
    for seed in range(6):
        picture, label = generator.sample(np.random.default_rng(seed))
        pixels = np.asarray(picture)
        assert picture.size == (128, 64)
        assert len(label) == 4
        assert (pixels.min(axis=2) > 150).mean() > 0.02
    if level == "none":
        assert len(np.unique(pixels.reshape(-1, 3)[:, 0])) > 2
        assert pixels[0, 0].tolist() in ([0x20, 0x40, 0x60], [0, 0, 128])


def test_classic_keeps_letters_on_their_line(latin: tuple[FontFace, ...]) -> None:
    """A dash stands higher than an underscore."""
    generator = ClassicGenerator("-_", (1, 1), size=(60, 60), fonts=latin, disturbance="none")
    rows = {}
    for symbol in "-_":
        grey = np.asarray(generator.render(symbol, np.random.default_rng(0))[0].convert("L"))
        rows[symbol] = np.nonzero(grey < 128)[0].mean()
    assert rows["_"] > rows["-"] + 5


@pytest.mark.parametrize(
    "options",
    [
        {"symbols": ""},
        {"symbols": "aa"},
        {"symbols": "a b"},
        {"length": (0, 2)},
        {"size": (20, 60)},
        {"disturbance": "storm"},
        {"ink": []},
        {"ink": ["#12"]},
    ],
)
def test_bad_classic_options(latin: tuple[FontFace, ...], options: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="Received"):
        ClassicGenerator(**({"fonts": latin} | options))


def test_classic_refuses_other_symbols(latin: tuple[FontFace, ...]) -> None:
    with pytest.raises(ValueError, match="label='x'"):
        ClassicGenerator("ab", fonts=latin).render("x", np.random.default_rng(0))


def test_classic_draws_chinese(chinese: tuple[FontFace, ...]) -> None:
    generator = ClassicGenerator("茶杯旗子", (2, 4), fonts=chinese)
    picture, label = generator.sample(np.random.default_rng(0))
    assert set(label) <= set("茶杯旗子")
    assert np.ptp(np.asarray(picture)) > 60


def test_text_generator_draws_chinese(chinese: tuple[FontFace, ...]) -> None:
    generator = TextGenerator("茶杯旗子", (2, 4), fonts=chinese)
    for seed in range(6):
        picture, label = generator.sample(np.random.default_rng(seed))
        assert set(label) <= set("茶杯旗子")
        assert np.ptp(np.asarray(picture.convert("L"))) > 20


@needs_captcha
def test_pypi_captcha_is_seeded_and_leaves_the_package_alone() -> None:
    import secrets

    import captcha.image

    generator = PypiCaptcha("0123456789", (4, 4), size=(80, 40), font_sizes=(24, 28))
    again = pickle.loads(pickle.dumps(generator))
    first, label = generator.sample(np.random.default_rng(3))
    second, same = again.sample(np.random.default_rng(3))
    other, _ = generator.render(label, np.random.default_rng(4))
    assert first.size == (80, 40)
    assert first.mode == "RGB"
    assert label == same
    assert first.tobytes() == second.tobytes() != other.tobytes()
    assert captcha.image.secrets is secrets


def test_without_the_package_the_command_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    def find(name: str) -> None:
        raise ModuleNotFoundError(name)

    monkeypatch.setattr(importlib.util, "find_spec", find)
    with pytest.raises(MissingDependencyError, match="pip install captcha"):
        PypiCaptcha()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["OUT"], "expected a kind"),
        (["slide", "OUT", "--settings", "a.toml"], "not both"),
        (["slide", "OUT", "--symbols", "ab"], "--symbols is for text and click"),
        (["text", "OUT", "--length", "8-3"], "--length"),
        (["--settings", "nowhere.toml", "OUT"], "nowhere.toml"),
        (["slide", "OUT", "--count", "-3"], "expected count"),
        (["tiles", "OUT", "--words", "nowhere.txt"], "nowhere.txt"),
    ],
)
def test_command_refuses_with_a_sentence(
    arguments: list[str], message: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    names = [str(tmp_path / "out") if name == "OUT" else name for name in arguments]
    assert cli.main(["generate", *names]) == 1
    assert message in capsys.readouterr().err


def test_command_generates(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["generate", "slide", str(tmp_path / "s"), "--count", "2", "--seed", "3"]) == 0
    assert "2 pictures" in capsys.readouterr().out
    assert (tmp_path / "s" / "labels.jsonl").read_text().count("\n") == 2
    settings = tmp_path / "a.toml"
    settings.write_text('kind = "slide"\ncount = 2\nseed = 3\n')
    again = str(tmp_path / "t")
    assert cli.main(["generate", "--settings", str(settings), again]) == 0
    assert {p.name: p.read_bytes() for p in (tmp_path / "s").iterdir()} == {
        p.name: p.read_bytes() for p in (tmp_path / "t").iterdir()
    }


@pytest.mark.parametrize(("kind", "symbols"), [("text", "ab/"), ("classic", "ab?")])
def test_symbols_that_no_file_can_be_called_by_are_refused_before_any_is_drawn(
    kind: str, symbols: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    body = {"kind": kind, "count": 20, "options": {"symbols": symbols}}
    (tmp_path / "s.json").write_text(json.dumps(body))
    assert cli.main(["generate", "--settings", str(tmp_path / "s.json"), str(tmp_path / "o")]) == 1
    assert f"which says the label; leave out {symbols[-1]!r}" in capsys.readouterr().err
    assert not (tmp_path / "o").exists()


@pytest.mark.usefixtures("chinese")
@pytest.mark.parametrize(("kind", "word"), [("header", "c/d"), ("tiles", "../gh"), ("tiles", "..")])
def test_words_that_no_folder_can_be_called_by_are_refused_before_any_is_drawn(
    kind: str, word: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    body = {"kind": kind, "count": 20, "options": {"words": ["ab", "cd", "ef", word]}}
    (tmp_path / "s.json").write_text(json.dumps(body))
    assert cli.main(["generate", "--settings", str(tmp_path / "s.json"), str(tmp_path / "o")]) == 1
    assert f"which says the label; leave out {word!r}" in capsys.readouterr().err
    assert not (tmp_path / "o").exists()
