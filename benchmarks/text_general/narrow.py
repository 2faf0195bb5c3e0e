"""Start a `slim` network, 64 high, from the weights of a `compact` one, 48 high.

    python benchmarks/text_general/narrow.py compact.weights.h5 SETTINGS.toml OUT.weights.h5

Of each group of filters the ones stay that matter most to the layers after them: the scale of
their batch normalisation times the norm of the kernels that read them (structured pruning, Li et
al. 2016). The fold's three rows are spread over four. The result is a starting point that writes
text after a few hundred steps, where random weights stand still for thousands.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np

from training import config
from training.layers import read_layers
from training.models import build, transfer

# The layers that write a group of filters, and the convolutions that read it.
GROUPS = (
    (("stem",), ("stage1",)),
    (("stage1",), ("stage2_in",)),
    (("stage2_in", "stage2_b"), ("stage2_a", "stage3_in")),
    (("stage2_a",), ("stage2_b",)),
    (("stage3_in", "stage3_b"), ("stage3_a", "stage4_in")),
    (("stage3_a",), ("stage3_b",)),
)
Layers = dict[str, list[np.ndarray]]


def narrow(layers: Layers, widths: dict[str, int]) -> Layers:
    """Keep ``widths[writer]`` filters of each group; the layers of the others are unchanged."""
    layers = {name: list(arrays) for name, arrays in layers.items()}
    for writers, readers in GROUPS:
        reach = sum(np.square(layers[f"{name}_conv"][0]).sum(axis=(0, 1, 3)) for name in readers)
        scale = sum(np.abs(layers[f"{name}_bn"][0]) for name in writers)
        kept = np.sort(np.argsort(np.sqrt(reach) * scale)[-widths[writers[0]] :])
        for name in writers:
            layers[f"{name}_conv"][0] = layers[f"{name}_conv"][0][..., kept]
            layers[f"{name}_bn"] = [array[kept] for array in layers[f"{name}_bn"]]
        for name in readers:
            layers[f"{name}_conv"][0] = layers[f"{name}_conv"][0][:, :, kept]
    return layers


def spread(kernel: np.ndarray, rows: int) -> np.ndarray:
    """A fold's kernel ``(h, 1, c, f)`` over ``rows`` rows, linearly, its sum kept."""
    old = kernel.shape[0]
    places = np.clip((np.arange(rows) + 0.5) * old / rows - 0.5, 0, old - 1)
    below = np.floor(places).astype(int)
    above = np.minimum(below + 1, old - 1)
    share = (places - below).reshape(-1, 1, 1, 1)
    return (kernel[below] * (1 - share) + kernel[above] * share) * old / rows


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("weights", type=Path)
    parser.add_argument("settings", type=Path)
    parser.add_argument("out", type=Path)
    options = parser.parse_args()
    network = build(config.load(options.settings))
    wanted = transfer.layer_weights(network)
    widths = {writers[0]: wanted[f"{writers[0]}_conv"][0].shape[-1] for writers, _ in GROUPS}
    layers = narrow(read_layers(options.weights), widths)
    layers["fold_conv"][0] = spread(layers["fold_conv"][0], wanted["fold_conv"][0].shape[0])
    report = transfer.transfer(layers, network)
    network.save_weights(options.out)
    print(f"{options.out.name}: {report}")


if __name__ == "__main__":
    main()
