"""Pictures of a run's log: what is drawn can be seen, and odd logs do no harm."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageColor

from training.charts import PALETTE, Chart, Series
from training.plots import PANEL, draw, plot_log

HEADER = "epoch,loss,source,count,exact,case_insensitive\n"


def pixels(path: Path) -> np.ndarray:
    """``(H, W, 3) uint8``."""
    with Image.open(path) as picture:
        return np.asarray(picture.convert("RGB"))


def holds(part: np.ndarray, colour: str) -> bool:
    """Whether a colour can be seen there; smooth lines come near it and no more."""
    away = np.abs(part.astype(int) - ImageColor.getrgb(colour)[:3]).max(-1)
    return bool((away < 16).any())


def write(run: Path, rows: str, *, header: str = HEADER) -> Path:
    (run / "log.csv").write_text(header + rows, encoding="utf-8")
    return run


def test_losses_and_sources_get_their_lines(tmp_path: Path) -> None:
    rows = "".join(
        f"{epoch},{9 / epoch:.3f},{source},10,{epoch / 10 + place / 9:.2f},1\n"
        for epoch in range(1, 6)
        for place, source in enumerate(("easy", "hard"))
    )
    output = plot_log(write(tmp_path, rows))
    assert output == tmp_path / "log.png"
    drawn = pixels(output)
    assert drawn.shape == (PANEL[1], 2 * PANEL[0], 3)
    assert all(holds(drawn[:, PANEL[0] :], colour) for colour in PALETTE[:3])
    before = output.read_bytes()
    plot_log(write(tmp_path, rows + "6,1.0,easy,10,0.9,1\n6,1.0,hard,10,0.2,1\n"))
    assert output.read_bytes() != before
    assert sorted(path.name for path in tmp_path.iterdir()) == ["log.csv", "log.png"]


def test_validation_loss_is_drawn_where_there_is_one(tmp_path: Path) -> None:
    header = "epoch,loss,validation_loss,source,count,exact,case_insensitive\n"
    plot_log(write(tmp_path, "1,9,8,a,1,0,0\n2,5,,a,1,0,0\n3,4,7,a,1,0,0\n", header=header))
    assert holds(pixels(tmp_path / "log.png")[:, : PANEL[0]], PALETTE[1])


def test_without_validation_there_is_a_loss_alone(tmp_path: Path) -> None:
    drawn = pixels(plot_log(write(tmp_path, "1,9,,0,,\n2,5,,0,,\n")))
    assert drawn.shape == (PANEL[1], PANEL[0], 3)
    assert holds(drawn, PALETTE[0])


@pytest.mark.parametrize(
    "rows",
    [
        "",
        "1,nan,a,10,0.0,0.0\n",
        "1,inf,a,10,0,0\n2,1e30,a,10,0,0\n3,1,a,10,1,1\n",
        "1,-2,a,10,0,0\n2,-3,a,10,0,0\n",
        "".join(f"1,3,source{i},10,0.{i},0\n" for i in range(40)),
        "1,0,龙 <b>,10,0,0\n2,0,龙 <b>,10,0,0\n",
    ],
)
def test_odd_logs(tmp_path: Path, rows: str) -> None:
    assert pixels(plot_log(write(tmp_path, rows))).shape == (PANEL[1], 2 * PANEL[0], 3)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "expected the columns epoch, exact, loss, source"),
        ("epoch,loss\n1,2\n", "expected the columns exact, source"),
        (HEADER + "1,much,a,1,0,0\n", "line 2: loss is no number: 'much'"),
        (HEADER + "1,2,a,1\n", "line 2: exact is no number: None"),
    ],
)
def test_a_log_of_another_kind_is_named(tmp_path: Path, text: str, message: str) -> None:
    (tmp_path / "log.csv").write_text(text, encoding="utf-8")
    with pytest.raises(ValueError, match=message):
        plot_log(tmp_path)
    assert not (tmp_path / "log.png").exists()


def test_no_log(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        plot_log(tmp_path)


def test_charts_stand_side_by_side() -> None:
    chart = Chart("t", "x", "y", (Series("s", ((0.0, 0.0), (1.0, 1.0)), has_marks=True),))
    assert draw([chart]).size == PANEL
    assert draw([chart] * 3).size == (3 * PANEL[0], PANEL[1])
