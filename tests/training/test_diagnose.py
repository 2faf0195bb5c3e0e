"""Faults: found where they are, silent where they are not, and each explained in the guide."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pytest

from solver.preprocess import tensor
from solver.spec import InputSpec
from training.data.pipeline import steps_needed
from training.diagnose import (
    REMEDIES,
    Epoch,
    diagnose_epochs,
    input_scaling,
    labels_too_long,
    largest_batch,
    one_answer,
    out_of_memory,
    outside_charset,
    same_pictures,
)

GUIDE = Path(__file__).parents[2] / "docs" / "guides" / "when-training-goes-wrong.md"


def run(
    losses: list[float],
    accuracies: list[float] | None = None,
    validation_losses: list[float] | None = None,
) -> list[Epoch]:
    return [
        Epoch(
            number,
            loss,
            accuracies[number - 1] if accuracies else None,
            validation_losses[number - 1] if validation_losses else None,
        )
        for number, loss in enumerate(losses, 1)
    ]


NAN, INF = float("nan"), float("inf")
HEALTHY = [28.0, 10.2, 4.7, 1.9, 1.3, 0.9, 0.5, 0.4, 0.2, 0.2]
RISING = [0.0, 0.0, 0.49, 0.56, 0.84, 0.76, 0.93, 0.94, 0.95, 0.97]


@pytest.mark.parametrize(
    ("epochs", "names"),
    [
        ([], []),
        (run([5.0], [0.0]), []),
        (run(HEALTHY, RISING), []),
        (run(HEALTHY), []),
        (run([9.0, 5.0, NAN]), ["loss-not-finite"]),
        (run([INF]), ["loss-not-finite"]),
        (run([9.0, 2.0, 8.0]), ["loss-exploding"]),
        (run([9.0, 2.0, 4.0]), []),
        (run([9.0, 0.01, 0.05]), []),
        (run([-9.0, -10.0, -9.5]), []),
        (
            run([5.0, 4.0, 3.0, 2.0, 1.0], [0.6, 0.58, 0.55, 0.5, 0.4]),
            ["accuracy-falling-with-loss"],
        ),
        (run([1.0, 2.0, 3.0, 4.0, 5.0], [0.6, 0.58, 0.55, 0.5, 0.4]), ["loss-exploding"]),
        (run([5.0, 4.0, 3.0, 2.0, 1.0], [0.6, 0.5, 0.65, 0.6, 0.62]), []),
        (run([6.0, 5.0, 4.0, 3.0, 2.0, 1.0], [0.4] * 6), ["validation-standing-still"]),
        (run([6.0, 5.0, 4.0, 3.0, 2.0, 1.0], [0.98] * 6), []),
        (run([6.0, 5.9, 5.8, 5.8, 5.7, 5.7], [0.4] * 6), []),
        (run([6.0, 5.0, 4.0, 3.0, 2.0, 1.0], [0.0] * 6), []),
        (run([60.0, 5.0, 4.0, 3.0, 2.0, 1.0], [0.0] * 6), ["validation-standing-still"]),
        (run([6.0, 5.0, 4.0, 3.0, 2.0, 1.0], [0.0] * 6, [6.0, 5.0, 4.0, 3.0, 2.5, 2.0]), []),
        (
            run([6.0, 5.0, 4.0, 3.0, 2.0, 1.0], [0.0] * 6, [6.0, 6.1, 6.3, 6.6, 6.9, 7.5]),
            ["validation-standing-still"],
        ),
        (
            run([6.0, 5.0, 4.0, 3.0, 2.0, 1.0], [0.4] * 6, [6.0, 6.1, 6.3, 6.6, 6.9, 7.5]),
            ["validation-standing-still"],
        ),
        (
            run([6.0, 5.0, 4.0, 3.0, 2.0, 1.0], RISING[3:9], [6.0, 6.1, 6.3, 6.6, 6.9, 7.5]),
            [],
        ),
        (run([6.0, 5.0, 4.0, 3.0, 2.0, 1.0], [0.4] * 6, [6.0, 5.0, 4.0, 3.0, 2.5, 2.0]), []),
        (run([6.0, 5.0, 4.0, 3.0, 2.0, 1.0], None, [6.0] * 6), ["validation-standing-still"]),
    ],
)
def test_epochs(epochs: list[Epoch], names: list[str]) -> None:
    found = diagnose_epochs(epochs)
    assert [diagnosis.name for diagnosis in found] == names
    assert all(diagnosis.evidence and diagnosis.remedy for diagnosis in found)


def test_a_diagnosis_is_a_sentence() -> None:
    (found,) = diagnose_epochs(run([9.0, 2.0, 8.0]))
    assert str(found).startswith(
        "loss-exploding: the loss rose from 2 (epoch 2) to 8 (epoch 3). Divide fit.learning_rate"
    )


@pytest.mark.parametrize(
    ("answers", "truths", "evidence"),
    [
        ([], [], None),
        (["a"] * 9, list("abcdefghi"), None),
        (["a"] * 10, list("abcdefghij"), "10 of 10 pictures are read as 'a', their labels are 10"),
        ([""] * 19 + ["x"], ["1", "2"] * 10, "19 of 20 pictures are read as nothing"),
        (["a"] * 10, ["a"] * 9 + ["b"], None),
        (["a", "b"] * 10, ["a", "b"] * 10, None),
    ],
)
def test_one_answer(answers: list[str], truths: list[str], evidence: str | None) -> None:
    found = one_answer(answers, truths)
    assert (found is None) == (evidence is None)
    assert found is None or (evidence or "") in found.evidence


@pytest.mark.parametrize(
    ("label", "steps"), [("", 0), ("a", 1), ("ab", 2), ("aab", 4), ("aaa", 5), ("abab", 4)]
)
def test_steps_needed(label: str, steps: int) -> None:
    assert steps_needed(label) == steps


@pytest.mark.parametrize(
    ("labels", "steps", "is_ctc", "evidence"),
    [
        ([], [], True, None),
        (["aab"], [4], True, None),
        (["aab"], [3], True, "1 of 1 labels cannot be emitted; the worst, 'aab', needs 4 CTC"),
        (["aab"], [3], False, None),
        (["ab", "abcdef"], [1, 2], False, "2 of 2 .* 'abcdef', needs 6 heads .* gives 2"),
    ],
)
def test_labels_too_long(
    labels: list[str], steps: list[int], is_ctc: bool, evidence: str | None
) -> None:
    found = labels_too_long(labels, steps, is_ctc=is_ctc)
    assert (found is None) == (evidence is None)
    assert found is None or re.search(evidence or "", found.evidence)


def test_symbols_that_the_charset_lacks() -> None:
    assert outside_charset([], "abc") is None
    assert outside_charset(["abc", ""], "abc") is None
    found = outside_charset(["a1", "1\u0430", "abc", "aaa"], "abc")
    assert found is not None
    assert "2 of 4 labels hold 2 symbols" in found.evidence
    assert "'1' (U+0031) in 2" in found.evidence
    assert "(U+0430) in 1" in found.evidence


def test_same_pictures() -> None:
    assert same_pictures([], []) is None
    assert same_pictures(["a", "b"], ["c"]) is None
    found = same_pictures(["a", "b"], ["b", "b", "c"])
    assert found is not None
    assert found.evidence.startswith("1 of 2 validation pictures")


GREY = InputSpec(8, 8, channels=1, mean=(0.5,), std=(0.25,))
RGB = InputSpec(8, 8, channels=3, scale=1 / 127.5, mean=(1.0,) * 3, std=(1.0,) * 3)


@pytest.mark.parametrize("spec", [GREY, RGB])
def test_input_scaling(spec: InputSpec) -> None:
    levels = np.random.default_rng(1).integers(0, 256, (4, 8, 8, spec.channels)).astype(np.uint8)
    right = tensor(levels, spec)
    assert input_scaling(right, spec) is None
    assert input_scaling(np.full_like(right, np.nan), spec) is not None
    for wrong in (levels.astype(np.float32), tensor(levels / 255, spec), right * 3):
        found = input_scaling(wrong, spec)
        assert found is not None
        assert "where the contract makes" in found.evidence


@pytest.mark.parametrize(
    ("message", "evidence"),
    [
        ("", None),
        ("shape mismatch: shape[64,3] and shape[3]", None),
        ("room is not found", None),
        (
            "RESOURCE_EXHAUSTED: OOM when allocating tensor with shape[64,96,24,160]",
            "with fit.batch = 64 (shape[64,96,24,160])",
        ),
        (
            "Unable to allocate 1.2 GiB for an array with shape (9, 9)",
            "with fit.batch = 64 (1.2 GiB)",
        ),
        ("std::bad_alloc", "with fit.batch = 64"),
        ("CUDA_ERROR_OUT_OF_MEMORY: out of memory", "with fit.batch = 64"),
    ],
)
def test_out_of_memory(message: str, evidence: str | None) -> None:
    found = out_of_memory(message, batch=64)
    assert (found is None) == (evidence is None)
    if found is not None:
        assert (evidence or "") in found.evidence
        assert found.remedy.startswith("Try fit.batch = 32. Halve fit.batch")


def test_a_batch_of_one_cannot_be_halved() -> None:
    found = out_of_memory("MemoryError", batch=1)
    assert found is not None
    assert "Try" not in found.remedy


@pytest.mark.parametrize(
    ("batch", "limit", "expected"), [(64, 64, 64), (64, 20, 16), (100, 12, 12), (64, 0, None)]
)
def test_largest_batch(batch: int, limit: int, expected: int | None) -> None:
    tried: list[int] = []

    def fits(size: int) -> bool:
        tried.append(size)
        return size <= limit

    assert largest_batch(batch, fits) == expected
    assert tried == sorted(tried, reverse=True)


def test_the_guide_and_the_code_have_the_same_names() -> None:
    headings = re.findall(r"^## (.+)$", GUIDE.read_text(encoding="utf-8"), re.MULTILINE)
    assert headings == list(REMEDIES)


def test_the_guide_quotes_each_remedy() -> None:
    guide = " ".join(GUIDE.read_text(encoding="utf-8").replace("\n> ", " ").split())
    for name, remedy in REMEDIES.items():
        assert f"## {name} {name}: " in guide
        assert remedy in guide
