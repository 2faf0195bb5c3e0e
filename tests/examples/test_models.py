"""Which networks the demo site's spiders answer with."""

from __future__ import annotations

from pathlib import Path

import solver as sdk
from examples.demo_site.models import ROLES, TILES, lacking, open_solver
from tests.examples.sites import KINDS


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
