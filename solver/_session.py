"""ONNX Runtime sessions: providers, options, and the graph held against its contract."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from solver._fields import is_integer
from solver._require import require_onnxruntime
from solver.errors import MissingDependencyError, ModelError, SpecError
from solver.spec import InputSpec, ModelSpec

Provider = str | tuple[str, Mapping[str, Any]]

CPU = "CPUExecutionProvider"
MOST_THREADS = 1024  # ONNX Runtime starts as many as it is told to
# Execution provider → the package whose ONNX Runtime carries it.
_PACKAGES = {
    "CUDAExecutionProvider": "onnxruntime-gpu",
    "TensorrtExecutionProvider": "onnxruntime-gpu",
    "NvTensorRTRTXExecutionProvider": "onnxruntime-trt-rtx",
    "OpenVINOExecutionProvider": "onnxruntime-openvino",
    "DmlExecutionProvider": "onnxruntime-directml",
    "QNNExecutionProvider": "onnxruntime-qnn",
    "MIGraphXExecutionProvider": "onnxruntime-migraphx",
}


def check_threads(threads: int) -> int:
    """``threads``, if it is a count.

    Raises:
        ValueError: no integer from 1 to 1024.
    """
    if not is_integer(threads) or not 1 <= threads <= MOST_THREADS:
        raise ValueError(
            f"threads: expected an integer from 1 to {MOST_THREADS}, received {threads!r:.40}"
        )
    return int(threads)


def check_providers(providers: Sequence[Provider] | None) -> tuple[Provider, ...]:
    """The providers to start; the CPU where none was asked for.

    Raises:
        MissingDependencyError: one is not in the installed ONNX Runtime; the message names
            those that are, and the package that carries it.
        ValueError: an empty list, or a bare string.
    """
    if providers is None:
        return (CPU,)
    if not isinstance(providers, list | tuple) or not providers:
        raise ValueError(
            f"providers: expected a list such as ['CUDAExecutionProvider'], received {providers!r}"
        )
    installed = require_onnxruntime().get_available_providers()
    for item in providers:
        if not isinstance(item, str) and not _is_pair(item):
            raise ValueError(
                f"providers: expected names, or pairs of a name and its options, received {item!r}"
            )
        name = item if isinstance(item, str) else item[0]
        if name not in installed:
            package = _PACKAGES.get(name)
            mend = (
                f"it comes with: pip uninstall -y onnxruntime && pip install {package}"
                if package
                else f"known in other builds: {', '.join(_PACKAGES)}"
            )
            raise MissingDependencyError(
                f"providers: {name!r} is not in the installed ONNX Runtime "
                f"(available: {', '.join(installed)}); {mend}"
            )
    return tuple(providers)


def _is_pair(item: object) -> bool:
    return (
        isinstance(item, tuple)
        and len(item) == 2
        and isinstance(item[0], str)
        and isinstance(item[1], Mapping)
    )


def start_session(
    data: bytes, spec: ModelSpec, source: str, threads: int, providers: Sequence[Provider]
) -> Any:
    """An ONNX Runtime session on the bytes of a file, held against its contract.

    Raises:
        ModelError: ONNX Runtime refuses the file, or a provider did not start.
        SpecError: the graph is not what the contract says.
    """
    ort = require_onnxruntime()
    options = ort.SessionOptions()
    options.intra_op_num_threads = threads
    options.inter_op_num_threads = 1
    options.graph_optimization_level = ort.GraphOptimizationLevel.ORT_ENABLE_ALL
    options.log_severity_level = 4  # fatal only: every error comes back as an exception
    # A memory pattern is kept for every width that was ever seen; with free widths that
    # is growth without end, for no measurable speed.
    options.enable_mem_pattern = False
    names = [item if isinstance(item, str) else item[0] for item in providers]
    settings = [{} if isinstance(item, str) else dict(item[1]) for item in providers]
    try:
        session = ort.InferenceSession(
            data,
            sess_options=options,
            providers=names,
            provider_options=settings,
            enable_fallback=0,
        )
    except Exception as error:  # ONNX Runtime's errors share no base class
        raise ModelError(f"{source}: ONNX Runtime refuses it: {error}") from error
    lost = [name for name in names if name not in session.get_providers()]
    if lost:
        raise ModelError(
            f"{source}: {', '.join(lost)} was asked for and did not start; "
            f"running: {', '.join(session.get_providers())}. "
            "Install the driver and libraries that this provider needs."
        )
    try:
        _check_input(session.get_inputs(), spec.input)
        check_outputs([item.shape for item in session.get_outputs()], spec)
    except SpecError as error:
        raise SpecError(f"{source}: {error}") from error
    return session


def _check_input(inputs: Sequence[Any], spec: InputSpec) -> None:
    """Refuse a graph whose input is not the tensor that the contract describes."""
    if len(inputs) != 1 or inputs[0].type != "tensor(float)":
        received = ", ".join(f"{item.name}: {item.type}" for item in inputs) or "none"
        raise SpecError(f"input: expected one tensor(float), received {received}")
    shape = inputs[0].shape
    expected = ["N", spec.height, "any" if spec.width is None else spec.width, spec.channels]
    fits = len(shape) == 4 and all(
        not isinstance(found, int) or found == wanted
        for found, wanted in zip(shape[1:], expected[1:], strict=True)
    )
    if not fits:
        raise SpecError(f"input: the contract expects {expected} (NHWC), the graph has {shape}")


def check_outputs(shapes: Sequence[Sequence[Any]], spec: ModelSpec) -> None:
    """Refuse logits that the decoder cannot read; unknown axes (not integers) pass."""
    layouts = _LOGITS[spec.decoder.name](spec)
    for layout in layouts:
        if len(layout) == len(shapes) and all(
            _agree(shape, wanted) for shape, wanted in zip(shapes, layout, strict=True)
        ):
            return
    wanted_text = " or ".join(
        " and ".join(f"{layout.count(one)} × {one}" for one in dict.fromkeys(layout))
        for layout in layouts
    )
    raise SpecError(
        f"outputs: {spec.decoder.name} with {spec.decoder.classes} classes expects {wanted_text}, "
        f"the graph gives {[list(shape) for shape in shapes]}"
    )


def _agree(shape: Sequence[Any], wanted: Sequence[Any]) -> bool:
    return not shape or (
        len(shape) == len(wanted)
        and all(
            not (isinstance(a, int) and isinstance(b, int)) or a == b
            for a, b in zip(shape, wanted, strict=True)
        )
    )


_Layout = list[tuple[Any, ...]]


def _ctc_logits(spec: ModelSpec) -> list[_Layout]:
    return [[("N", "T", spec.decoder.classes)]]


def _multi_head_logits(spec: ModelSpec) -> list[_Layout]:
    heads, classes = spec.decoder.length or 1, spec.decoder.classes
    return [[("N", heads, classes)], [("N", classes)] * heads]


def _softmax_logits(spec: ModelSpec) -> list[_Layout]:
    return [[("N", spec.decoder.classes)]]


def _anchor_logits(spec: ModelSpec) -> list[_Layout]:
    anchors, width = spec.decoder.anchors, spec.input.width
    assert anchors is not None  # so says the contract
    assert width is not None
    count = anchors.count(spec.input.height, width)
    return [[("N", count, spec.decoder.classes), ("N", count, 4)]]


# Decoder → the layouts of outputs that it reads.
_LOGITS = {
    "ctc": _ctc_logits,
    "multi_head": _multi_head_logits,
    "softmax": _softmax_logits,
    "anchors": _anchor_logits,
}
