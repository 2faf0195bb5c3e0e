"""Which networks the demo site's spiders answer with."""

from __future__ import annotations

import argparse
from pathlib import Path

import pytest

import solver as sdk
from examples.demo_site.models import ROLES, TILES, add_options, lacking, open_solver, read_options
from tests.examples.sites import KINDS


def parser() -> argparse.ArgumentParser:
    found = argparse.ArgumentParser()
    add_options(found)
    return found


def test_every_kind_has_its_roles() -> None:
    assert tuple(ROLES) == KINDS


def test_the_grid_is_answered_by_the_sites_own_model() -> None:
    found = open_solver()
    assert found.models["tile"].source == str(TILES)
    assert lacking(found, "text") == lacking(found, "grid") == lacking(found, "slide") == ""
    words = tuple(found.models["tile"].spec.decoder.labels)
    assert len(words) == 80
    assert lacking(found, "grid", words) == ""
    assert (
        lacking(found, "grid", (*words, "nothing")) == "the model knows 80 of the grid's 81 words"
    )


def test_a_given_tile_model_stands_before_it(tmp_path: Path) -> None:
    mine = tmp_path / "mine.onnx"
    mine.write_bytes(TILES.read_bytes())
    assert open_solver([str(mine)]).models["tile"].source == str(mine)
    assert open_solver(["text-general"]).models["tile"].source == str(TILES)
    embedded = open_solver(drawn=False).models
    assert "tile" not in embedded or embedded["tile"].source != str(TILES)


def test_what_is_lacking_is_named() -> None:
    class Bare:
        models = sdk.Solver("text-general").models.keys() & {"text"}

    assert lacking(Bare, "text") == ""
    assert lacking(Bare, "grid") == "no model (header, tile)"


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["http://x", "chess"], "received 'chess'"),
        (["http://x", "--model", "nothing.onnx"], "nothing.onnx"),
        (["http://x", "--model", "nothing"], "nothing"),
        ([], "address"),
    ],
)
def test_a_spider_says_what_is_wrong(
    arguments: list[str], said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as caught:
        read_options(parser(), arguments)
    assert caught.value.code == 2
    assert said in capsys.readouterr().err


def test_without_kinds_it_is_all_that_can_be_answered() -> None:
    options, found = read_options(parser(), ["http://x"])
    assert options.kinds == [kind for kind in KINDS if not lacking(found, kind)]
    assert {"text", "grid", "slide"} <= set(options.kinds)
