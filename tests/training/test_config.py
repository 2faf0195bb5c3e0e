"""captcha.toml: what is read, and what is refused by name."""

from __future__ import annotations

from pathlib import Path

import pytest

from training.config import Config, ConfigError, Input, Source, load


def test_defaults_and_nested_tables(tmp_path: Path) -> None:
    path = tmp_path / "captcha.toml"
    path.write_text(
        'name = "mine"\nsymbols = "0123"\n[data]\ntrain = [{path = "a", repeat = 2}]\n'
        "[fit]\nepochs = 3\n"
    )
    config = load(path)
    assert config.data.train == (Source("a", repeat=2.0),)
    assert config.fit.epochs == 3
    assert config.fit.batch == 64
    assert config.decoder_spec().classes == 5
    assert config.input_spec().height == 48


@pytest.mark.parametrize(("symbols", "blank"), [("01", "_"), ("0_1", "␣"), ("_␣", "∅")])
@pytest.mark.parametrize("task", ["ctc", "multi-head"])
def test_an_underscore_may_be_a_symbol(symbols: str, blank: str, task: str) -> None:
    size = Input(width=96) if task == "multi-head" else Input()
    config = Config(task=task, symbols=symbols, length=3 * (task == "multi-head"), input=size)
    charset = config.decoder_spec().charset
    assert (charset.symbols, charset.blank) == (symbols, blank)
    assert config.charset == charset
    assert charset.decode(charset.encode(symbols)) == symbols


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("nmae = 1", "nmae: unknown key; expected one of task, name"),
        ("name = 1", "name: expected str, received 1"),
        ("name = '../other'", "name: expected what a folder in runs/ can be called"),
        ("task = 'poem'", "task: expected one of"),
        ("symbols = 'aa'", "a"),
        ("symbols = ''", "symbols"),
        ("symbols = '_␣∅'", "symbols: leave out one of _ ␣ ∅"),
        ("fit = 3", "fit: expected a table"),
        ("[fit]\nepoch = 3", "fit.epoch: unknown key"),
        ("[fit]\nepochs = 0", "fit.epochs: expected > 0"),
        ("[fit]\nepochs = true", "fit.epochs: expected int"),
        ("[fit]\nlearning_rate = 'high'", "fit.learning_rate: expected float"),
        ("[fit]\nschedule = 'zigzag'", "fit.schedule: expected one of"),
        ("[input]\nheight = 50", "input.height: expected a multiple of 16"),
        ("[input]\nmax_width = 100", "max_width"),
        ("[data]\ncache = 'disk'", 'data.cache: expected "limited" .* or "memory"'),
        ("[data]\ncache_mb = -1", "data.cache_mb: expected ≥ 0"),
        (
            '[data]\naugment_strength = "wild"',
            'data.augment_strength: expected "mild" or "strong", received .wild',
        ),
        (
            'task="detect"\ninput={width=64,height=64}\ndata.augment_strength="strong"',
            "data.augment_strength: expected \"mild\" with task 'detect'",
        ),
        ("[data]\nworkers = 0", "data.workers: expected > 0, received 0"),
        ("[model]\ndropout = 1.5", "model.dropout: expected ≥ 0 and < 1, received 1.5"),
        ("[model]\nwidth = 0", "model.width: expected > 0"),
        ("[fit]\nlearning_rate = inf", "fit.learning_rate: expected > 0, received inf"),
        ("[fit]\nwarmup = -1", "fit.warmup: expected ≥ 0"),
        ("[fit]\nlabel_smoothing = 0.1", "fit.label_smoothing: expected 0 with task 'ctc'"),
        ("[fit]\noptimizer = 'sgdx'", "fit.optimizer: expected one of adamw, adabelief"),
        ("seed = -1", "seed: expected ≥ 0"),
        ("[data]\ntrain = 'a'", "data.train: expected a list"),
        ("[data]\ntrain = [{name = 'a'}]", r"data.train\[0\].path: missing"),
        ("name = ", "Invalid"),
    ],
)
def test_what_does_not_fit_is_named(tmp_path: Path, text: str, named: str) -> None:
    path = tmp_path / "captcha.toml"
    path.write_text(text)
    with pytest.raises(ConfigError, match=named):
        load(path)


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"none\.toml"):
        load(tmp_path / "none.toml")


CLASSIFY = """task = 'classify'
labels = ['cat', 'dog', 'other']
[input]
height = 32
width = 32
[classify]
"""
DETECT = "task = 'detect'\n[input]\nheight = 96\nwidth = 64\n"


def test_a_classifier_has_its_role_and_background_in_the_contract(tmp_path: Path) -> None:
    path = tmp_path / "captcha.toml"
    path.write_text(CLASSIFY + 'role = "header"\nbackground = "other"\n', "utf-8")
    settings = load(path)
    assert settings.role == "header"
    assert settings.decoder_spec().background == "other"


def test_a_detector_has_its_anchors_in_the_contract(tmp_path: Path) -> None:
    path = tmp_path / "captcha.toml"
    path.write_text(DETECT + "[detect]\nsizes = [12, 24.5, 48, 96]\naspect_ratios = [0.5, 2]\n")
    with pytest.raises(ConfigError, match=r"multiple of 64 with 4 detect\.sizes"):
        load(path)
    path.write_text(DETECT + "[detect]\nsizes = [12, 24.5, 48]\nscore_threshold = 0.4\n")
    settings = load(path)
    assert settings.role == "detector"
    decoder = settings.decoder_spec(labels=("龙", "mark"))
    assert decoder.labels == ("龙", "mark")
    assert decoder.anchors is not None
    assert decoder.anchors.strides == (8, 16, 32)
    assert decoder.anchors.sizes == (12.0, 24.5, 48.0)
    assert decoder.anchors.score_threshold == 0.4


@pytest.mark.parametrize(
    ("text", "named"),
    [
        (DETECT.replace("96", "100"), "input.height: expected a multiple of 32"),
        (DETECT.replace("64", "0"), "input.width: expected a width in pixels"),
        (CLASSIFY + 'background = "bus"', "background: expected one of labels"),
        (CLASSIFY + "mix = 1.5", "classify.mix: expected 0 to 1"),
        (CLASSIFY + "prototypes = -1", "classify.prototypes: expected 0 to 100"),
        (CLASSIFY + 'role = "text"', "classify.role: expected of"),
        ("[classify]\nphoto = true", "classify: expected no such table with task 'ctc'"),
        (DETECT + "[detect]\nphi = 9", "detect.phi: expected -2 to 7"),
        (DETECT + "[detect]\nflip = 2", "detect.flip: expected 0 to 1"),
        (DETECT + "[detect]\nsizes = [8]", "detect.sizes: expected 3 to 6"),
        (DETECT + "[detect]\nsizes = [8, 16, 0]", "detect.sizes: expected"),
        (DETECT + "[detect]\nscales = []", "detect.scales: expected at least one"),
        (DETECT + "[detect]\niou_threshold = 2.0", "detect.iou_threshold: expected"),
        (DETECT + "[fit]\nlabel_smoothing = 0.1", "fit.label_smoothing: expected 0"),
        ("[input]\nscale = 0.0", "input.scale: expected other than 0, received 0"),
        ("[input]\nscale = -0.0", "input.scale: expected other than 0"),
        ("[detect]\nphi = 0", "detect: expected no such table with task 'ctc'"),
    ],
)
def test_a_detector_that_does_not_fit_is_named(tmp_path: Path, text: str, named: str) -> None:
    path = tmp_path / "captcha.toml"
    path.write_text(text)
    with pytest.raises(ConfigError, match=named):
        load(path)
