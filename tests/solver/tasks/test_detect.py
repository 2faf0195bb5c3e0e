"""Pictures to boxes through a real ONNX file."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from solver.errors import SpecError
from solver.model import Model
from solver.tasks.detect import Detector

Draw = Callable[..., Any]


@pytest.mark.parametrize(
    "inked",
    [[], [(0, 0)], [(0, 1), (2, 3)], [(row, column) for row in range(4) for column in range(4)]],
)
def test_every_inked_cell_is_a_box_in_pixels_of_the_picture(
    detector_file: Path, cells: Draw, inked: list[tuple[int, int]]
) -> None:
    found = Detector(Model.open(detector_file)).detect(cells(*inked))
    assert [box.xyxy for box in found] == [
        (16 * column, 16 * row, 16 * (column + 1), 16 * (row + 1)) for row, column in inked
    ]
    assert all(box.label == "墨" and box.score > 0.99 for box in found)


def test_the_threshold_is_the_models_where_none_is_given(detector_file: Path, cells: Draw) -> None:
    detector = Detector(Model.open(detector_file))
    faint = cells((1, 1), level=70)  # a logit of -1: a score of .27
    assert detector.detect(faint) == []
    (box,) = detector.detect(faint, threshold=0.2)
    assert box.score == pytest.approx(0.27, abs=0.01)


def test_the_picture_need_not_be_square(detector_file: Path, cells: Draw) -> None:
    (box,) = Detector(Model.open(detector_file)).detect(cells((1, 2))[:32])
    assert box.xyxy == (32, 16, 48, 32)


def test_a_network_for_another_role_is_refused(ctc_file: Path) -> None:
    with pytest.raises(SpecError, match="expected role 'detector' with an anchors decoder"):
        Detector(Model.open(ctc_file))


@pytest.mark.parametrize("outputs", [("logits",), ("deltas", "logits")])
def test_a_graph_with_other_outputs_is_refused(
    tmp_path: Path,
    write_detector: Callable[..., Path],
    detector_spec: Any,
    outputs: tuple[str, ...],
) -> None:
    path = write_detector(tmp_path / "x.onnx", detector_spec, outputs=outputs)
    with pytest.raises(SpecError, match=r"expects 1 × .*16, 1\) and 1 × .*16, 4\)"):
        Model.open(path).providers  # noqa: B018


def test_a_graph_with_other_anchors_is_refused(
    tmp_path: Path, write_detector: Callable[..., Path], detector_spec: Any
) -> None:
    anchors = replace(detector_spec.decoder.anchors, scales=(1.0, 2.0))
    spec = replace(detector_spec, decoder=replace(detector_spec.decoder, anchors=anchors))
    path = write_detector(tmp_path / "x.onnx", spec)
    with pytest.raises(SpecError, match=r"'N', 32, 1"):
        Model.open(path).providers  # noqa: B018
