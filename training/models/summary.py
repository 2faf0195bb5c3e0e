"""What a network is made of: layers, parameters, multiply-adds, as text, a dict and a drawing."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from typing import Any

import keras
import numpy as np


@dataclass(frozen=True, slots=True)
class Row:
    """One layer for one picture. ``inputs`` are names of other rows."""

    name: str
    kind: str
    shape: tuple[int, ...]
    parameters: int
    trainable: bool
    multiply_adds: int
    inputs: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Summary:
    """The layers of a network in the order of computation, and their totals."""

    name: str
    rows: tuple[Row, ...]

    @property
    def parameters(self) -> int:
        return sum(row.parameters for row in self.rows)

    @property
    def trainable_parameters(self) -> int:
        return sum(row.parameters for row in self.rows if row.trainable)

    @property
    def multiply_adds(self) -> int:
        """For one picture; batch normalisation and activations are not counted."""
        return sum(row.multiply_adds for row in self.rows)

    def to_dict(self) -> dict[str, Any]:
        return {
            "name": self.name,
            "parameters": self.parameters,
            "trainable_parameters": self.trainable_parameters,
            "multiply_adds": self.multiply_adds,
            "layers": [asdict(row) for row in self.rows],
        }

    def to_text(self) -> str:
        """A table of one line a layer, and the totals."""
        head = ("layer", "type", "output", "parameters", "multiply-adds")
        table = [
            (r.name, r.kind, by_times(r.shape), f"{r.parameters:,}", f"{r.multiply_adds:,}")
            for r in self.rows
        ]
        total = ("total", "", "", f"{self.parameters:,}", f"{self.multiply_adds:,}")
        widths = [max(len(line[i]) for line in (head, *table, total)) for i in range(len(head))]
        rule = "-" * (sum(widths) + 2 * (len(widths) - 1))

        def line(cells: tuple[str, ...]) -> str:
            left = [cell.ljust(width) for cell, width in zip(cells[:3], widths[:3], strict=True)]
            right = [cell.rjust(width) for cell, width in zip(cells[3:], widths[3:], strict=True)]
            return "  ".join((*left, *right)).rstrip()

        frozen = self.parameters - self.trainable_parameters
        end = [f"{frozen:,} of the parameters are frozen"] if frozen else []
        body = [line(head), rule, *map(line, table), rule, line(total), *end]
        return f"{self.name}\n" + "\n".join(body)


def summarise(network: keras.Model, *, width: int | None = None) -> Summary:
    """Count a network's parameters and multiply-adds for one picture.

    ``width`` (pixels) is needed where the network takes any width.

    Raises:
        ValueError: the network's width is free and none was given.
    """
    _, height, own_width, channels = network.input_shape
    if own_width is None and width is None:
        raise ValueError(f"width: {network.name} takes any width; give one to count for")
    steps = list(_walk(_listed(network.output)))
    tensors = [step.tensor for step in steps]
    probe = keras.Model(network.input, tensors)
    size = (1, height, own_width or width, channels)
    shaped = probe.compute_output_spec(keras.KerasTensor(size, dtype="float32"))
    shapes = [tuple(int(n) for n in x.shape) for x in _listed(shaped)]
    by_name = {step.name: shape for step, shape in zip(steps, shapes, strict=True)}
    rows = [
        Row(
            name=step.name,
            kind=type(step.operation).__name__,
            shape=shape[1:],
            parameters=0 if step.is_again else _count(step.operation),
            trainable=bool(getattr(step.operation, "trainable", True)),
            multiply_adds=_multiply_adds(step.operation, [by_name[x] for x in step.inputs], shape),
            inputs=step.inputs,
        )
        for step, shape in zip(steps, shapes, strict=True)
    ]
    return Summary(network.name, tuple(rows))


def by_times(shape: tuple[int, ...]) -> str:
    """A shape as people write it."""
    return " × ".join(map(str, shape))


@dataclass(frozen=True, slots=True)
class _Step:
    """One use of an operation: a layer that is used again has no new weights, but works again."""

    operation: Any
    name: str
    inputs: tuple[str, ...]
    tensor: Any
    is_again: bool


def _walk(outputs: list[Any]) -> Iterator[_Step]:
    """Each use of an operation before the outputs once, inputs first.

    Without recursion: a deep network has more layers than Python has frames to spare.
    """
    names: dict[tuple[str, int], str] = {}
    uses: Counter[str] = Counter()
    stack = [(output, False) for output in reversed(outputs)]
    while stack:
        tensor, ready = stack.pop()
        operation, node_index, _ = tensor._keras_history
        key = operation.name, node_index
        if key in names:
            continue
        inputs = operation._inbound_nodes[node_index].input_tensors
        if ready:
            uses[operation.name] += 1
            number = uses[operation.name]
            names[key] = operation.name if number == 1 else f"{operation.name} ({number})"
            befores = tuple(
                names[x._keras_history.operation.name, x._keras_history.node_index] for x in inputs
            )
            yield _Step(operation, names[key], befores, tensor, number > 1)
        else:
            stack.append((tensor, True))
            stack.extend((x, False) for x in reversed(inputs))


def _listed(value: Any) -> list[Any]:
    return list(value) if isinstance(value, (list, tuple)) else [value]


def _count(operation: Any) -> int:
    return sum(int(np.prod(w.shape)) for w in getattr(operation, "weights", ()))


def _multiply_adds(operation: Any, inputs: list[tuple[int, ...]], output: tuple[int, ...]) -> int:
    """Each weight of a kernel is used once at each place of the output.

    True of dense layers and convolutions of every kind; of recurrent layers per step. Layers that
    count otherwise have a method ``multiply_adds``; networks within the network count their own.
    """
    if not inputs:
        return 0
    if isinstance(operation, keras.Model):
        return summarise(operation, width=inputs[0][2]).multiply_adds
    if hasattr(operation, "multiply_adds"):
        return int(operation.multiply_adds(inputs[0]))
    kernels = [w for w in getattr(operation, "weights", ()) if len(w.shape) > 1]
    places = int(np.prod(output[1:-1]))
    return places * sum(int(np.prod(w.shape)) for w in kernels)
