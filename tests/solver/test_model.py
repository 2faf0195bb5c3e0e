"""Opening, checking and running model files."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from solver.errors import MissingDependencyError, ModelError, SpecError
from solver.model import Model
from solver.preprocess import preprocess

Draw = Callable[..., Any]
WriteModel = Callable[..., Path]


def tensor(model: Model, image: Any) -> Any:
    return preprocess(image, model.spec.input)[0]


def test_open_reads_the_contract_and_run_gives_logits(ctc_file: Path, draw: Draw) -> None:
    model = Model.open(ctc_file)
    assert model.spec.name == "toy-ctc"
    (logits,) = model.run(tensor(model, draw("12")))
    assert logits.shape == (5, model.spec.decoder.classes)
    assert logits.argmax(axis=1).tolist() == [14, 1, 14, 2, 14]


def test_open_does_not_start_a_session_and_running_does(ctc_file: Path, draw: Draw) -> None:
    model = Model.open(ctc_file)
    assert model._session is None
    assert model._read() == ctc_file.read_bytes()
    model.run(tensor(model, draw("1")))
    assert not hasattr(model, "_read")  # the file's bytes are not kept beside the session


def test_bytes_that_can_be_had_again_are_not_kept(ctc_file: Path, draw: Draw) -> None:
    asked: list[int] = []

    def again() -> bytes:
        asked.append(1)
        return ctc_file.read_bytes()

    data = bytearray(ctc_file.read_bytes())
    model = Model(bytes(data), source="toy", again=again)
    assert asked == []
    first = model.run(tensor(model, draw("1")))
    second = model.run(tensor(model, draw("1")))
    assert asked == [1]
    assert np.array_equal(first[0], second[0])


def test_one_session_is_made_however_many_threads_start_it(
    ctc_file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import solver.model

    made: list[object] = []
    start = solver.model.start_session

    def counting(*args: Any) -> Any:
        made.append(args)
        return start(*args)

    monkeypatch.setattr(solver.model, "start_session", counting)
    model = Model.open(ctc_file)
    barrier = threading.Barrier(8)

    def race() -> tuple[str, ...]:
        barrier.wait()
        return model.providers

    with ThreadPoolExecutor(8) as pool:
        answers = [pool.submit(race) for _ in range(8)]
    assert {answer.result() for answer in answers} == {("CPUExecutionProvider",)}
    assert len(made) == 1


@pytest.mark.parametrize("batch_size", [1, 2, 3, 100])
@pytest.mark.parametrize(
    "texts", [[], ["1"], ["1", "22", "3"], ["12", "3", "45", "6", "78", "999", "ab", "b"]]
)
def test_run_many_is_run_in_order(
    ctc_file: Path, draw: Draw, texts: list[str], batch_size: int
) -> None:
    model = Model.open(ctc_file)
    tensors = [tensor(model, draw(text)) for text in texts]
    many = model.run_many(tensors, batch_size=batch_size)
    assert len(many) == len(tensors)
    for outputs, single in zip(many, tensors, strict=True):
        # Logits are in the thousands here; a batch sums in another order than a single picture.
        np.testing.assert_allclose(outputs[0], model.run(single)[0], rtol=1e-5, atol=1e-2)


def test_run_many_makes_true_batches_of_one_width(
    ctc_file: Path, draw: Draw, monkeypatch: pytest.MonkeyPatch
) -> None:
    model = Model.open(ctc_file)
    shapes = []
    run = model._run
    monkeypatch.setattr(model, "_run", lambda batch: (shapes.append(batch.shape), run(batch))[1])
    model.run_many([tensor(model, draw(t)) for t in ("1", "22", "3", "4", "55")], batch_size=2)
    assert sorted(shapes) == [(1, 8, 12, 1), (2, 8, 12, 1), (2, 8, 20, 1)]


def test_run_many_respects_a_batch_that_is_written_into_the_graph(
    tmp_path: Path, write_model: WriteModel, ctc_spec: Any, draw: Draw
) -> None:
    model = Model.open(write_model(tmp_path / "one.onnx", ctc_spec, batch=1))
    tensors = [tensor(model, draw(text)) for text in "123"]
    answers = [outputs[0][1].argmax() for outputs in model.run_many(tensors)]
    assert answers == [1, 2, 3]


def test_run_many_refuses_an_empty_batch(ctc_file: Path) -> None:
    with pytest.raises(ValueError, match="batch_size: expected at least 1, received 0"):
        Model.open(ctc_file).run_many([], batch_size=0)


def test_outputs_may_be_one_a_head(
    tmp_path: Path, write_model: WriteModel, multi_head_spec: Any, draw_heads: Draw
) -> None:
    model = Model.open(write_model(tmp_path / "heads.onnx", multi_head_spec, split_heads=True))
    outputs = model.run(tensor(model, draw_heads("12ab")))
    assert [int(head.argmax()) for head in outputs] == [1, 2, 10, 11, 14, 14]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "holds no graph"),
        (b"\x00" * 64, "not an ONNX model"),
        (b"\x89PNG\r\n\x1a\n" + b"x" * 100, "not an ONNX model"),
        (b"ORTM" * 50, "not an ONNX model"),
        (b"not a model, a text", "not an ONNX model"),
        (b"\xff" * 1000, "not an ONNX model"),
    ],
)
def test_other_files_are_refused(tmp_path: Path, content: bytes, message: str) -> None:
    path = tmp_path / "x.onnx"
    path.write_bytes(content)
    with pytest.raises(ModelError, match=message) as caught:
        Model.open(path)
    assert str(path) in str(caught.value)


@pytest.mark.parametrize("name", ["missing.onnx", "", ".", "nul\0.onnx", "a" * 500])
def test_missing_files_are_refused(tmp_path: Path, name: str) -> None:
    with pytest.raises(ModelError, match="cannot be read"):
        Model.open(f"{tmp_path}/{name}")


@pytest.mark.parametrize("keep", [10, 100, 0.5, 0.9, 0.99])
def test_truncated_files_are_refused(ctc_file: Path, tmp_path: Path, keep: float) -> None:
    data = ctc_file.read_bytes()
    path = tmp_path / "cut.onnx"
    path.write_bytes(data[: int(keep if keep > 1 else keep * len(data))])
    with pytest.raises(ModelError):
        Model.open(path).providers  # noqa: B018


def test_damaged_weights_give_a_model_error_or_run(
    ctc_file: Path, tmp_path: Path, draw: Draw
) -> None:
    data = ctc_file.read_bytes()
    random = np.random.default_rng(5)
    path = tmp_path / "damaged.onnx"
    refused = 0
    for _ in range(60):
        damaged = bytearray(data)
        damaged[int(random.integers(len(data)))] ^= int(random.integers(1, 256))
        path.write_bytes(damaged)
        try:
            model = Model.open(path)
            model.run(tensor(model, draw("12")))
        except ModelError:
            refused += 1
    assert refused > 10


def test_external_data_is_refused_even_where_it_exists(
    tmp_path: Path, write_model: WriteModel, ctc_spec: Any
) -> None:
    path = write_model(tmp_path / "outside.onnx", ctc_spec, external="weights.bin")
    assert (tmp_path / "weights.bin").exists()
    with pytest.raises(ModelError, match="weights are in other files"):
        Model.open(path)


def test_foreign_operators_are_refused(
    tmp_path: Path, write_model: WriteModel, ctc_spec: Any
) -> None:
    path = write_model(tmp_path / "custom.onnx", ctc_spec, domain="evil.ops")
    with pytest.raises(ModelError, match=r"not built in: evil\.ops"):
        Model.open(path)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"spec": None}, "no 'solver.spec' in its metadata"),
        ({"metadata": "{"}, "not JSON"),
        ({"metadata": '{"version": 2}'}, "version"),
        ({"metadata": '{"version": 1}'}, "contract"),
    ],
)
def test_contracts_that_do_not_fit_are_refused_at_once(
    tmp_path: Path, write_model: WriteModel, ctc_spec: Any, options: dict[str, Any], message: str
) -> None:
    path = write_model(tmp_path / "x.onnx", **{"spec": ctc_spec, **options})
    with pytest.raises(SpecError, match=message):
        Model.open(path)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"shape": ("N", 16, None, 1)}, "input: the contract expects"),
        ({"shape": ("N", 8, 64, 1)}, "input: the contract expects"),
        ({"classes": 14}, "ctc with 15 classes expects"),
        ({"classes": 16}, "ctc with 15 classes expects"),
        ({"classes": 16, "declared": False}, "ctc with 15 classes expects"),
    ],
)
def test_graphs_that_contradict_their_contract_are_refused(
    tmp_path: Path, write_model: WriteModel, ctc_spec: Any, options: dict[str, Any], message: str
) -> None:
    path = write_model(tmp_path / "x.onnx", ctc_spec, **options)
    with pytest.raises(SpecError, match=message) as caught:
        Model.open(path).run(np.zeros((8, 12, 1), np.float32))
    assert str(path) in str(caught.value)


def test_a_graph_with_other_channels_is_refused(
    tmp_path: Path, write_model: WriteModel, ctc_spec: Any
) -> None:
    rgb = replace(ctc_spec.input, channels=3, mean=(0.0,) * 3, std=(1.0,) * 3)
    path = write_model(tmp_path / "x.onnx", replace(ctc_spec, input=rgb))
    with pytest.raises(SpecError, match=r"expects \['N', 8, 'any', 3\] .* has \['N', 8, "):
        Model.open(path).providers  # noqa: B018


def test_a_tensor_that_the_network_cannot_take_is_a_model_error(ctc_file: Path) -> None:
    with pytest.raises(ModelError, match=r"failed on \(1, 9, 8, 1\)"):
        Model.open(ctc_file).run(np.zeros((9, 8, 1), np.float32))


@pytest.mark.parametrize("threads", [0, -1, 1.5, True, "2", 1025, 2**31, 10**40])
def test_threads_is_a_count(ctc_file: Path, threads: Any) -> None:
    with pytest.raises(ValueError, match="threads: expected an integer from 1 to 1024"):
        Model.open(ctc_file, threads=threads)


@pytest.mark.parametrize("providers", [[], (), "CPUExecutionProvider"])
def test_providers_is_a_list(ctc_file: Path, providers: Any) -> None:
    with pytest.raises(ValueError, match="providers: expected a list"):
        Model.open(ctc_file, providers=providers)


@pytest.mark.parametrize("providers", [["CPUExecutionProvider"], [("CPUExecutionProvider", {})]])
def test_an_installed_provider_runs_and_is_reported(ctc_file: Path, providers: Any) -> None:
    assert Model.open(ctc_file, providers=providers).providers == ("CPUExecutionProvider",)


@pytest.mark.parametrize(
    ("provider", "mend"),
    [
        ("QNNExecutionProvider", "pip install onnxruntime-qnn"),
        (("QNNExecutionProvider", {"backend_path": "x"}), "pip install onnxruntime-qnn"),
        ("WarpDriveExecutionProvider", "known in other builds: CUDAExecutionProvider"),
    ],
)
def test_a_missing_provider_is_an_error_that_names_the_package(
    ctc_file: Path, provider: Any, mend: str
) -> None:
    with pytest.raises(MissingDependencyError) as caught:
        Model.open(ctc_file, providers=[provider, "CPUExecutionProvider"])
    assert mend in str(caught.value)
    assert "available: " in str(caught.value)
    assert "CPUExecutionProvider" in str(caught.value)


def test_a_provider_that_does_not_start_is_an_error(
    ctc_file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import onnxruntime

    installed = ["CUDAExecutionProvider", "CPUExecutionProvider"]
    monkeypatch.setattr(onnxruntime, "get_available_providers", lambda: installed)

    class Silent(onnxruntime.InferenceSession):  # type: ignore[misc]
        """As a GPU build without its driver: it takes the CPU and says nothing."""

        def __init__(self, data: bytes, **options: Any) -> None:
            options |= {"providers": ["CPUExecutionProvider"], "provider_options": [{}]}
            super().__init__(data, **options)

    monkeypatch.setattr(onnxruntime, "InferenceSession", Silent)
    model = Model.open(ctc_file, providers=installed)
    with pytest.raises(ModelError, match="CUDAExecutionProvider was asked for and did not start"):
        model.providers  # noqa: B018


def test_errors_are_not_printed(
    tmp_path: Path, write_model: WriteModel, ctc_spec: Any, capfd: pytest.CaptureFixture[str]
) -> None:
    model = Model.open(write_model(tmp_path / "x.onnx", ctc_spec))
    with pytest.raises(ModelError):
        model.run(np.zeros((9, 8, 1), np.float32))
    captured = capfd.readouterr()
    assert (captured.out, captured.err) == ("", "")
