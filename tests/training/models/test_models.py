"""Every network: builds, learns a small batch, comes back from its configuration, exports."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest

pytest.importorskip("tensorflow")

import keras

from training.losses import loss_for
from training.models.backbones import FIXED
from training.models.classify import build_classify
from training.models.ctc import build_ctc, build_ctc_tiny, time_steps
from training.models.multi_head import build_multi_head, even_bumps
from training.models.zoo import BackboneError

pytestmark = pytest.mark.training


@dataclass(frozen=True)
class Case:
    task: str
    build: Callable[..., keras.Model]
    options: dict[str, Any]
    picture: tuple[int, int, int]
    logits: tuple[int, ...]
    parameters: tuple[float, float]

    def network(self, **options: Any) -> keras.Model:
        keras.utils.set_random_seed(1)
        return self.build(**{**self.options, **options})

    def batch(self) -> tuple[np.ndarray, np.ndarray]:
        rng = np.random.default_rng(1)
        x = rng.uniform(-1, 1, (4, *self.picture)).astype(np.float32)
        labels = {"multi-head": (4, 4), "classify": (4,)}.get(self.task, (4, 3))
        return x, rng.integers(0, self.logits[-1] - 1, labels)


HEADS = {"height": 40, "width": 80, "channels": 3, "length": 4, "classes": 37}
LINE = {"height": 48, "channels": 3, "classes": 63}
TILE = {"height": 64, "width": 64, "channels": 3, "classes": 80}
CASES = {
    "multi-head": Case("multi-head", build_multi_head, HEADS, (40, 80, 3), (4, 37), (0.5, 1.0)),
    "multi-head lenet": Case(
        "multi-head",
        build_multi_head,
        {**HEADS, "backbone": "lenet"},
        (40, 80, 3),
        (4, 37),
        (0.2, 0.5),
    ),
    "multi-head residual": Case(
        "multi-head",
        build_multi_head,
        {**HEADS, "backbone": "residual"},
        (40, 80, 3),
        (4, 37),
        (0.9, 1.1),
    ),
    "ctc": Case("ctc", build_ctc, {**LINE, "width": 16}, (48, 64, 3), (16, 63), (0.3, 0.5)),
    "ctc-tiny": Case("ctc-tiny", build_ctc_tiny, LINE, (48, 64, 3), (16, 63), (0.1, 0.2)),
    "classify": Case("classify", build_classify, TILE, (64, 64, 3), (80,), (0.7, 0.9)),
}
EXPORTED = ("multi-head", "ctc-tiny", "classify")


@pytest.fixture(params=list(CASES))
def case(request: pytest.FixtureRequest) -> Case:
    return CASES[request.param]


@pytest.fixture
def mixed_precision() -> Iterator[None]:
    keras.mixed_precision.set_global_policy("mixed_bfloat16")
    yield
    keras.mixed_precision.set_global_policy("float32")


def answers(network: keras.Model, x: np.ndarray) -> np.ndarray:
    return np.asarray(keras.ops.convert_to_numpy(network(x, training=False)))


def test_shape_size_and_configuration(case: Case) -> None:
    network, (x, _) = case.network(), case.batch()
    logits = answers(network, x)
    assert logits.shape == (4, *case.logits)
    assert logits.dtype == np.float32
    low, high = case.parameters
    assert low < network.count_params() / 1e6 < high
    again = keras.Model.from_config(network.get_config())
    again.set_weights(network.get_weights())
    assert (answers(again, x) == logits).all()
    assert [layer.name for layer in again.layers] == [layer.name for layer in network.layers]


def test_a_small_batch_is_learnt(case: Case) -> None:
    network, (x, y) = case.network(dropout=0.0), case.batch()
    network.compile(keras.optimizers.Adam(3e-3), loss_for(case.task), run_eagerly=True)
    losses = [float(network.train_on_batch(x, y)) for _ in range(6)]
    assert losses[-1] < 0.8 * losses[0]


@pytest.mark.usefixtures("mixed_precision")
def test_logits_are_float32_under_mixed_precision(case: Case) -> None:
    network, (x, _) = case.network(), case.batch()
    assert network(x[:1]).dtype == "float32"
    first = next(layer for layer in network.layers if layer.weights)
    assert first.compute_dtype == "bfloat16"


@pytest.mark.parametrize("name", EXPORTED)
def test_onnx_answers_as_keras(name: str, tmp_path: Path) -> None:
    check_export(CASES[name].network(), CASES[name].batch()[0], tmp_path, transposes=3)


def check_export(network: keras.Model, x: np.ndarray, folder: Path, *, transposes: int) -> None:
    import onnx
    import onnxruntime

    path = str(folder / "x.onnx")
    rng = np.random.default_rng(1)  # as if trained: no bias is zero, no variance one
    network.set_weights([w + rng.uniform(-0.01, 0.01, w.shape) for w in network.get_weights()])
    expected = answers(network, x)
    network.export(path, format="onnx", opset_version=18, verbose=False)
    count = Counter(node.op_type for node in onnx.load(path).graph.node)
    assert count["Transpose"] <= transposes
    assert not {"Loop", "Einsum", "Tile"} & set(count)
    session = onnxruntime.InferenceSession(path)
    for rows in (1, len(x)):
        (found,) = session.run(None, {session.get_inputs()[0].name: x[:rows]})
        assert np.abs(found - expected[:rows]).max() < 1e-4


def test_the_ctc_network_is_the_one_of_saved_weights() -> None:
    network = build_ctc(height=48, channels=3, classes=63, width=24)
    layout = "\n".join(f"{w.path} {tuple(w.shape)}" for w in network.weights)
    digest = hashlib.sha256(layout.encode()).hexdigest()
    assert digest == "bf46acb5bf55625348ceddf15e107a45436d62aed028d975804c1c8cf1388038"


@pytest.mark.parametrize(("width", "steps"), [(48, 12), (144, 36), (100, 25), (98, 25)])
def test_time_steps(width: int, steps: int) -> None:
    network = build_ctc_tiny(**LINE)
    assert time_steps(network, width) == steps
    assert network(np.zeros((1, 48, width, 3), np.float32)).shape == (1, steps, 63)


def test_ctc_with_another_backbone() -> None:
    network = build_ctc(**LINE, width=8, backbone="residual")
    assert time_steps(network, 144) == 18
    assert network.output_shape == (None, None, 63)


def test_heads_begin_by_looking_at_their_own_place() -> None:
    bumps = even_bumps(4, 20)
    assert bumps.shape == (4, 20)
    assert bumps.argmax(1).tolist() == [2, 7, 12, 17]
    assert np.exp(bumps[0, 7]) == pytest.approx(np.exp(-2))
    network = CASES["multi-head"].network()
    slots = network.get_layer("slots")
    attention = keras.ops.convert_to_numpy(slots.attention(np.zeros((1, 20, 128), np.float32)))
    assert attention.sum(-1) == pytest.approx(np.ones((1, 4)))
    assert attention[0].argmax(1).tolist() == [2, 7, 12, 17]


@pytest.mark.parametrize(
    ("build", "options", "message"),
    [
        (build_ctc, {**LINE, "height": 40}, "height: expected a multiple of 16, received 40"),
        (build_multi_head, {**HEADS, "length": 21}, "20 columns of 80 pixels for 21 places"),
        (
            build_multi_head,
            {**HEADS, "backbone": "alexnet"},
            "one of compact, glyph, slim, lenet",
        ),
        *(
            (build_ctc, {**LINE, "backbone": name}, f"{name} needs .* take one of compact, slim, ")
            for name in FIXED
        ),
        (build_classify, {**TILE, "backbone": "compact", "weights": "imagenet"}, "'compact' has"),
    ],
)
def test_errors(build: Callable[..., Any], options: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        build(**options)


def test_backbone_errors_are_of_one_kind() -> None:
    with pytest.raises(BackboneError):
        build_multi_head(**{**HEADS, "backbone": "alexnet"})
