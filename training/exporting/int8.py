"""An 8-bit twin of an ONNX file, and what it costs: answers, time, bytes.

Static quantisation by ONNX Runtime (Jacob et al. 2018): weights per channel, activations by the
range that they had on calibration pictures. Weights take 7 of the 8 bits: with all 8, processors
without VNNI overflow, and a file measured on one machine would read worse on another. The last
layer before each output (a detector has one a level and output) stays in single precision: it is
small, and confidences and corners come from it.
"""

from __future__ import annotations

import statistics
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from solver import images
from solver.errors import ImageError
from solver.model import Model
from solver.preprocess import preprocess
from solver.spec import InputSpec, ModelSpec
from training.evaluate import BoxesResult, Prediction
from training.exporting.onnx_file import set_spec
from training.figures.boxes import box_figures
from training.figures.shares import Share, share
from training.metrics import paired_interval
from training.samples import shown

CALIBRATION = 256
TIMED = 60
WARM = 5
ALLOWED_LOSS = 0.01

_WEIGHED = ("Conv", "ConvTranspose", "Gemm", "MatMul", "LSTM")
Float32 = npt.NDArray[np.float32]


class Int8Error(RuntimeError):
    """No int8 file was written: it cannot be made, or it loses more than allowed."""


@dataclass(frozen=True, slots=True)
class Int8:
    """An int8 network against its float twin, on the same pictures.

    ``right`` and ``right_ignoring_case`` are (float, int8); ``lost`` were right in float alone,
    ``gained`` in int8 alone. A detector's are the boxes that were found, with average precision at
    IoU .5 beside them, ``ap50``. ``milliseconds`` are the processor's, for one picture; ``size``
    is in bytes.
    """

    calibrated_on: str
    right: tuple[Share, Share]
    right_ignoring_case: tuple[Share, Share]
    lost: int
    gained: int
    milliseconds: tuple[float, float]
    size: tuple[int, int]
    allowed: float
    ap50: tuple[float, float] | None = None

    @property
    def loss(self) -> float:
        """The share of pictures (or boxes) that is right (found) no more; negative for a gain."""
        return (self.lost - self.gained) / self.right[0].count

    @property
    def interval(self) -> tuple[float, float]:
        """95 % interval of the loss."""
        return paired_interval(self.lost, self.gained, self.right[0].count)

    @property
    def passes(self) -> bool:
        """Whether it loses no more than allowed, of average precision too where there is one."""
        before, after = self.ap50 or (0.0, 0.0)
        return max(self.loss, before - after) <= self.allowed

    @property
    def speed(self) -> float:
        """How many times as fast as in float."""
        return self.milliseconds[0] / self.milliseconds[1]

    def __str__(self) -> str:
        (before, after), (low, high) = self.right, self.interval
        precision = ""
        if self.ap50 is not None:
            precision = f"AP@.5 {self.ap50[0]:.3f} → {self.ap50[1]:.3f}, "
        return (
            f"int8: {precision}{before.right} → {after.right} of {after.count} "
            f"{'right' if self.ap50 is None else 'boxes found'}, "
            f"loss {100 * self.loss:.1f} points [{100 * low:.1f}, {100 * high:.1f}]; "
            f"{self.speed:.1f} times as fast, {self.size[1]} bytes in place of {self.size[0]}"
        )


def readable(
    pictures: Sequence[Path | bytes], rule: InputSpec, report: Callable[[str], None]
) -> list[Float32]:
    """The pictures that can be read, as a network is given them; ``report`` is told of others."""
    kept = []
    for picture in pictures:
        try:
            pixels = images.load(picture)
        except ImageError as error:
            name = f"{shown(picture)}: " if isinstance(picture, Path) else ""
            report(f"--int8: left out: {name}{error}")
        else:
            kept.append(preprocess(pixels, rule)[0])
    return kept


def quantise(source: Path, target: Path, tensors: Sequence[Float32], spec: ModelSpec) -> None:
    """Write the int8 twin of an ONNX file, calibrated on tensors ``(H, W, C)``, any widths.

    Raises:
        Int8Error: ONNX Runtime cannot do it with this network.
        OSError: it cannot be written.
    """
    import onnx
    from onnxruntime import quantization
    from onnxruntime.quantization.shape_inference import quant_pre_process

    class Reader(quantization.CalibrationDataReader):  # type: ignore[misc]
        left: Iterator[Float32] = iter(tensors)

        def get_next(self) -> dict[str, Float32] | None:
            tensor = next(self.left, None)
            return None if tensor is None else {"image": tensor[None]}

    with tempfile.TemporaryDirectory(dir=target.parent) as folder:
        prepared = Path(folder) / "prepared.onnx"
        try:
            # Without symbolic shapes: they need one more package, and widths may be free.
            quant_pre_process(str(source), str(prepared), skip_symbolic_shape=True)
            kept = last_layers(onnx.load(prepared).graph)
            quantization.quantize_static(
                str(prepared),
                str(target),
                Reader(),
                quant_format=quantization.QuantFormat.QDQ,
                per_channel=True,
                reduce_range=True,
                activation_type=quantization.QuantType.QUInt8,
                weight_type=quantization.QuantType.QInt8,
                nodes_to_exclude=kept,
            )
            set_spec(target, spec)
        except OSError:
            raise
        except Exception as error:  # ONNX Runtime's own errors share no base
            raise Int8Error(f"int8: ONNX Runtime cannot quantise this network: {error}") from error


def last_layers(graph: Any) -> list[str]:
    """The names of the last nodes with weights before each output of an ONNX graph, sorted."""
    makers = {name: node for node in graph.node for name in node.output}
    found: set[str] = set()
    seen: set[str] = set()
    waiting = [output.name for output in graph.output]
    while waiting:
        name = waiting.pop()
        node = makers.get(name)
        if node is None or name in seen:
            continue
        seen.add(name)
        if node.op_type in _WEIGHED:
            found.add(node.name)
        else:
            waiting.extend(node.input)
    return sorted(found)


def compare(
    before: Sequence[Prediction],
    after: Sequence[Prediction],
    *,
    models: tuple[Model, Model],
    files: tuple[Path, Path],
    tensors: Sequence[Float32],
    calibrated_on: str,
    allowed: float,
) -> Int8:
    """Hold the answers of both networks, the float one first, to the same pictures' labels.

    ``tensors`` are timed one by one, both networks in turn.

    Raises:
        Int8Error: of a detector's pictures none has a box to find.
    """
    is_boxes = isinstance(before[0].result, BoxesResult)
    if is_boxes and not any(one.sample.boxes for one in before):
        raise Int8Error("--int8: no box is on the pictures that would measure its loss")
    flags = _found if is_boxes else _right
    first, second = flags(before), flags(after)
    pairs = list(zip(first, second, strict=True))
    right = share(first), share(second)
    folded = right if is_boxes else (_right_ignoring_case(before), _right_ignoring_case(after))
    return Int8(
        calibrated_on=calibrated_on,
        right=right,
        right_ignoring_case=folded,
        lost=sum(a and not b for a, b in pairs),
        gained=sum(b and not a for a, b in pairs),
        milliseconds=_milliseconds(models, tensors),
        size=(files[0].stat().st_size, files[1].stat().st_size),
        allowed=allowed,
        ap50=(_ap50(before), _ap50(after)) if is_boxes else None,
    )


def _right(predictions: Sequence[Prediction]) -> list[bool]:
    return [one.is_right for one in predictions]


def _found(predictions: Sequence[Prediction]) -> list[bool]:
    """Of every box that is there, whether the answer has it."""
    return [flag for one in predictions for flag in one.verdict.found]


def _ap50(predictions: Sequence[Prediction]) -> float:
    answers = [one.result.candidates for one in predictions if isinstance(one.result, BoxesResult)]
    return box_figures(answers, [one.sample.boxes for one in predictions]).ap50


def _right_ignoring_case(predictions: Sequence[Prediction]) -> Share:
    return share(one.answer.casefold() == one.label.casefold() for one in predictions)


def _milliseconds(models: tuple[Model, Model], tensors: Sequence[Float32]) -> tuple[float, float]:
    """Median processor time of this thread for one picture: other work does not disturb it."""
    spent: tuple[list[float], list[float]] = ([], [])
    for tensor in [*tensors[:WARM], *tensors[:TIMED]]:
        for model, times in zip(models, spent, strict=True):
            start = time.thread_time()
            model.run(tensor)
            times.append(1000 * (time.thread_time() - start))
    first, second = (statistics.median(times[min(WARM, len(tensors)) :]) for times in spent)
    return first, second


def chosen(items: Sequence[Any], count: int, *, seed: int) -> tuple[list[Any], list[Any]]:
    """``count`` of the items by chance, and the others, both in their order."""
    drawn = set(np.random.default_rng(seed).permutation(len(items))[:count].tolist())
    taken = [item for index, item in enumerate(items) if index in drawn]
    return taken, [item for index, item in enumerate(items) if index not in drawn]
