"""What a training begins with: known symbols, settings that fit, and a sentence where none do."""

from __future__ import annotations

import json
from contextlib import nullcontext
from dataclasses import replace
from pathlib import Path

import pytest

from training import bases, cli, workspace
from training.classify_settings import Classify
from training.config import Config, Fit, Input, Model, load
from training.layers import TransferError
from training.typed import ConfigError

SMALL = Config(
    name="small",
    symbols="0123",
    input=Input(height=16),
    model=Model(width=6, context=1),
)


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run's folder with weights of ``SMALL`` and its settings beside them."""
    pytest.importorskip("tensorflow")
    from training.models import build

    folder = tmp_path_factory.mktemp("run")
    build(SMALL).save_weights(folder / "best.weights.h5")
    bases.keep(SMALL, (), folder, base=None)
    return folder


@pytest.fixture
def undeclared(run: Path, tmp_path: Path) -> Path:
    """The same weights alone."""
    path = tmp_path / "alone.weights.h5"
    path.write_bytes((run / "best.weights.h5").read_bytes())
    return path


@pytest.mark.parametrize(
    ("name", "task", "count"), [("text-general", "ctc", 62), ("click-detector", "detect", 1)]
)
def test_an_embedded_model_tells_everything(name: str, task: str, count: int) -> None:
    base = bases.find(name)
    assert base.network["task"] == task
    assert len(base.names) == count
    assert base.settings is not None
    assert bases.network_settings(base.settings) == base.network
    assert base.differences(base.settings) == {}


@pytest.mark.parametrize("name", ["text-general", "click-detector"])
def test_a_project_that_fits_it(
    name: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert cli.main(["new", str(tmp_path / "p"), "--from", name]) == 0
    settings = load(tmp_path / "p" / "captcha.toml")
    base = bases.find(name)
    assert base.differences(settings) == {}
    assert settings.fit.start_from == name
    assert settings.fit == replace(bases._FIT, start_from=name)
    assert settings.has_labels or settings.symbols == "".join(base.names)
    assert "solver-train fit captcha.toml" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ([], "--task: expected one of multi-head, ctc"),
        (["--from", "poetry"], "poetry: neither a .weights.h5 file nor an embedded model"),
        (["--from", "text-general", "--task", "classify"], "is a network for the task ctc"),
    ],
)
def test_a_project_of_nothing(
    arguments: list[str], message: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert cli.main(["new", str(tmp_path / "p"), *arguments]) == 1
    assert message in capsys.readouterr().err
    assert not (tmp_path / "p").exists()


@pytest.mark.training
def test_a_run_says_what_its_weights_are(run: Path, undeclared: Path, tmp_path: Path) -> None:
    base = bases.find(str(run / "best.weights.h5"))
    assert base.names == tuple("0123")
    assert base.settings == SMALL
    alone = bases.find(str(undeclared))
    assert (alone.names, alone.settings) == ((), None)
    assert alone.network == base.network
    with pytest.raises(TransferError, match=r"not known: there is no settings\.json beside it"):
        workspace.new(tmp_path / "p", start_from=str(undeclared))
    made = load(workspace.new(tmp_path / "q", start_from=str(run / "best.weights.h5")))
    assert made.fit.start_from == str(run / "best.weights.h5")
    assert (made.symbols, made.input, made.model.width) == ("0123", SMALL.input, 6)


@pytest.mark.training
@pytest.mark.parametrize(
    ("text", "message"),
    [
        ('symbols = "0123"\n[model]\nwidth = 6\n', "input.height is 16 in the weights and 48 in"),
        (
            'symbols = "01234567"\n[input]\nheight = 16\n[model]\nwidth = 6\ncontext = 1\n',
            "the last layer has 5 answers, the settings have 8 symbols",
        ),
    ],
)
def test_declared_settings_must_be_its_own(
    text: str, message: str, undeclared: Path, tmp_path: Path
) -> None:
    declared = tmp_path / "declared.toml"
    declared.write_text(text)
    with pytest.raises(TransferError, match=message):
        bases.find(str(undeclared), declared=declared)


@pytest.mark.training
def test_damaged_settings_beside_weights(run: Path, tmp_path: Path) -> None:
    path = tmp_path / "best.weights.h5"
    path.write_bytes((run / "best.weights.h5").read_bytes())
    (tmp_path / bases.SETTINGS).write_text(json.dumps({"task": "poetry"}))
    with pytest.raises(ConfigError, match=r"settings\.json: task: .* name the settings with"):
        bases.find(str(path))


@pytest.mark.training
@pytest.mark.parametrize("is_declared", [True, False])
def test_answers_are_taken_over_by_symbol(is_declared: bool, run: Path, undeclared: Path) -> None:
    from training.models import build

    base = bases.find(str(run / "best.weights.h5" if is_declared else undeclared))
    config = replace(SMALL, symbols="32xyz")
    said = bases.begin(build(config), base, config, ())
    assert ("head: 2 of 5 symbols kept" in said[0]) == is_declared
    assert any("is not declared" in line for line in said) != is_declared


@pytest.mark.training
def test_other_settings_are_told(run: Path) -> None:
    from training.models import build

    base = bases.find(str(run / "best.weights.h5"))
    config = replace(SMALL, model=replace(SMALL.model, context=2))
    said = bases.begin(build(config), base, config, ())
    assert "trained with model.context = 1, and these settings have model.context = 2" in said[1]
    config = replace(SMALL, input=Input(height=48), model=Model(backbone="slim", width=12))
    with pytest.raises(TransferError) as error:
        bases.begin(build(config), base, config, ())
    assert 'input.height = 16, model.backbone = "compact", model.width = 6' in str(error.value)
    assert "solver-train new DIR --from" in str(error.value)


@pytest.mark.training
def test_what_a_run_began_with_is_kept(run: Path, tmp_path: Path) -> None:
    assert bases.begun_with(tmp_path) == ""
    config = replace(SMALL, fit=Fit(epochs=1))
    bases.keep(config, (), tmp_path, base=bases.find(str(run / "best.weights.h5")))
    assert bases.begun_with(tmp_path) == str(run / "best.weights.h5")


@pytest.mark.training
def test_a_run_that_goes_on_begins_with_nothing_else(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
) -> None:
    pytest.importorskip("tensorflow")
    from tests.training import tiny

    caplog.set_level("INFO")
    tiny.project(tmp_path)
    assert tiny.fit(tmp_path, tiny.SETTINGS) == 0
    assert bases.find(str(tmp_path / "run" / "best.weights.h5")).names == tuple("147")
    longer = tiny.SETTINGS.replace("epochs = 1", "epochs = 2")
    weights = str(tmp_path / "run" / "best.weights.h5")
    assert tiny.fit(tmp_path, longer, "--from", weights) == 0
    assert "goes on from its last checkpoint" in caplog.text
    assert tiny.fit(tmp_path, longer, "--from-config", weights) == 1
    assert "--from-config: says what --from was trained with" in capsys.readouterr().err


CLASSES = replace(
    SMALL, task="classify", input=Input(height=16, width=16), classify=Classify(role="tile")
)


@pytest.mark.parametrize(
    ("trained", "given", "labels", "differing"),
    [
        (SMALL, replace(SMALL, name="other", fit=Fit(epochs=3), seed=2), (), None),
        (SMALL, replace(SMALL, symbols="3210"), (), "symbols"),
        (SMALL, replace(SMALL, input=Input(height=16, fill=0)), (), "input.fill"),
        (SMALL, CLASSES, ("a", "b"), "task, role, input.width, symbols"),
        (CLASSES, replace(CLASSES, classify=Classify(role="tile", mirror=True)), ("a", "b"), None),
        (CLASSES, replace(CLASSES, labels=("a", "b")), (), None),
        (CLASSES, replace(CLASSES, classify=Classify(role="header")), ("a", "b"), "role"),
        (CLASSES, CLASSES, ("a", "c"), "labels"),
        (CLASSES, CLASSES, ("b", "a"), "labels"),
    ],
)
def test_a_run_is_exported_by_settings_with_its_contract(
    trained: Config, given: Config, labels: tuple[str, ...], differing: str | None, tmp_path: Path
) -> None:
    bases.keep(trained, ("a", "b"), tmp_path, base=None)
    told = (
        nullcontext()
        if differing is None
        else pytest.raises(TransferError, match=f"other settings: {differing}; name the run")
    )
    with told:
        bases.hold(given, labels, tmp_path / "best.weights.h5")


def test_weights_without_settings_are_taken_as_they_are(tmp_path: Path) -> None:
    bases.hold(SMALL, (), tmp_path / "best.weights.h5")
