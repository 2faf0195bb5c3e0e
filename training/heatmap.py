"""Where a network looks for each character or class: Grad-CAM over its last spatial layer.

Method: Selvaraju et al., "Grad-CAM", ICCV 2017. The target's logit is differentiated by the
layer's feature maps; each map is weighted with its mean gradient; what is positive in the sum
speaks for the target. CTC: the target is the logit of a character at the frame where the best
alignment has it; a multi-head network: that of its head; a classifier: that of the class.

A CTC network answers each frame by the same filters, so maps that speak for a character light up
wherever it, or a look-alike, stands. A frame's gradient, though, is zero out of its sight, and the
mean is taken and shown within that window alone.

Gradients of an inner layer need Keras's TensorFlow backend; weights that were trained on JAX load
there unchanged.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import cv2
import keras
import numpy as np
import numpy.typing as npt
from PIL import Image

from solver.decoders import ctc, multi_head, softmax
from solver.decoders.scores import log_probabilities
from solver.geometry import Placement
from solver.preprocess import preprocess
from solver.spec import DecoderSpec, InputSpec
from training.sheets import INK, Cell, contact_sheet

Float32 = npt.NDArray[np.float32]
UInt8 = npt.NDArray[np.uint8]

CLASSES = 3  # a classifier's best ones
CELL = (280, 120)  # pixels of a picture on the sheet
STRENGTH = 0.7  # of the colour where the heat is full


@dataclass(frozen=True, slots=True)
class Target:
    """What to explain: a name, how sure the network is, and the place of its logit."""

    label: str
    confidence: float
    index: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Heat:
    """The part that each pixel of the picture has in an answer: ``values`` ``(H, W)``, 0–1."""

    target: Target
    values: Float32


def explain(
    network: keras.Model,
    picture: UInt8,
    *,
    rule: InputSpec,
    decoder: DecoderSpec,
    layer: str | None = None,
) -> list[Heat]:
    """A heatmap for every character that is read in an ``(H, W, 3)`` RGB picture, or class.

    Raises:
        RuntimeError: Keras runs on another backend than TensorFlow.
        ValueError: no layer of that name, or none with height and width; or a detector.
    """
    if decoder.name not in _TARGETS:
        raise ValueError(
            f"decoder: expected one of {', '.join(_TARGETS)}, received {decoder.name!r}"
        )
    tensor, placement = preprocess(picture, rule)
    targets: list[Target] = []

    def choose(logits: Float32) -> Sequence[tuple[int, ...]]:
        targets.extend(_TARGETS[decoder.name](logits, decoder))
        return [target.index for target in targets]

    maps = grad_cam(network, tensor, choose, layer=layer)
    return [
        Heat(target, _on_picture(values, tensor.shape[:2], placement))
        for target, values in zip(targets, maps, strict=True)
    ]


def grad_cam(
    network: keras.Model,
    tensor: Float32,
    choose: Callable[[Float32], Sequence[tuple[int, ...]]],
    *,
    layer: str | None = None,
) -> list[Float32]:
    """Grad-CAM ``(h', w')`` of each index into the logits of one tensor ``(h, w, c)``.

    ``choose`` gets the logits, without their batch axis; several heads come stacked. A map is
    scaled so that its largest value is 1, or is 0 where nothing speaks for the target.
    """
    if keras.backend.backend() != "tensorflow":
        raise RuntimeError(
            f"heatmaps need Keras's tensorflow backend, received {keras.backend.backend()!r}; "
            "run again with KERAS_BACKEND=tensorflow, the weights are the same"
        )
    import tensorflow as tf

    chosen = network.get_layer(layer) if layer else last_spatial_layer(network)
    probe = keras.Model(network.inputs, [chosen.output, *network.outputs])
    with tf.GradientTape(persistent=True) as tape:
        x = tf.convert_to_tensor(tensor[None])
        tape.watch(x)
        features, *outputs = probe(x, training=False)
        rows = [output[0] for output in outputs]
        logits = rows[0] if len(rows) == 1 else tf.stack([tf.reshape(row, (-1,)) for row in rows])
        scores = [logits[index] for index in choose(logits.numpy())]
    maps = []
    for score in scores:
        gradient = tape.gradient(score, features)
        maps.append(_cam(features[0].numpy(), gradient[0].numpy()))
    return maps


def last_spatial_layer(network: keras.Model) -> Any:
    """The last layer whose output still has height and width.

    Raises:
        ValueError: there is none.
    """
    for layer in reversed(network.layers):
        shape: tuple[int | None, ...] = getattr(getattr(layer, "output", None), "shape", ())
        if len(shape) == 4 and shape[1] != 1 and shape[2] != 1 and layer.name != "image":
            return layer
    raise ValueError(f"{network.name}: no layer with height and width; name one")


def overlay(picture: UInt8, values: Float32) -> UInt8:
    """Heat ``(H, W)`` laid over a picture ``(H, W, 3)`` RGB that fades to grey below it."""
    grey = picture.mean(axis=2, keepdims=True).repeat(3, axis=2)
    colours = cv2.applyColorMap((values * 255).astype(np.uint8), cv2.COLORMAP_TURBO)
    strength = STRENGTH * values[..., None]
    mixed = grey * (1 - strength) + cv2.cvtColor(colours, cv2.COLOR_BGR2RGB) * strength
    return np.asarray(mixed.round(), dtype=np.uint8)


def draw(picture: UInt8, heats: Sequence[Heat]) -> Image.Image:
    """The picture, and beside it one overlay a heatmap, each with its name."""
    text = "".join(heat.target.label for heat in heats if len(heat.target.label) == 1)
    cells = [Cell(picture, ((text or "picture", INK),))]
    for heat in heats:
        caption = f"{heat.target.label}  {100 * heat.target.confidence:.1f} %"
        cells.append(Cell(overlay(picture, heat.values), ((caption, INK),)))
    return contact_sheet(cells, columns=4, size=CELL)


def _cam(features: Float32, gradient: Float32) -> Float32:
    """``(h', w', k)`` both: weights are mean gradients over the window that has any."""
    window = np.any(gradient != 0, axis=2)
    if not window.any():
        return np.zeros(features.shape[:2], np.float32)
    weights = gradient[window].mean(axis=0)
    values = np.maximum((features * weights).sum(axis=2), 0) * window
    peak = values.max()
    return np.asarray(values / peak if peak > 0 else values, dtype=np.float32)


def _on_picture(values: Float32, canvas: tuple[int, ...], placement: Placement) -> Float32:
    """A map over the canvas → one over the picture, without the padding."""
    height, width = canvas
    wide = cv2.resize(values, (width, height), interpolation=cv2.INTER_LINEAR)
    inner_w = max(1, round(placement.width * placement.scale_x))
    inner_h = max(1, round(placement.height * placement.scale_y))
    inner = wide[placement.top : placement.top + inner_h, placement.left : placement.left + inner_w]
    size = (placement.width, placement.height)
    return np.asarray(cv2.resize(inner, size, interpolation=cv2.INTER_LINEAR), dtype=np.float32)


def _ctc_targets(logits: Float32, decoder: DecoderSpec) -> list[Target]:
    charset, temperature = decoder.charset, decoder.temperature
    result = ctc.decode(logits, charset=charset, temperature=temperature)
    scores = log_probabilities(
        logits, shape=("T", "C"), classes=charset.classes, temperature=temperature
    )
    classes = charset.encode(result.text)
    frames = ctc.align(scores, classes) if classes else []
    return [
        Target(character.text, character.confidence, (frame, index))
        for character, frame, index in zip(result.characters, frames, classes, strict=True)
    ]


def _head_targets(logits: Float32, decoder: DecoderSpec) -> list[Target]:
    charset = decoder.charset
    result = multi_head.decode(logits, charset=charset, temperature=decoder.temperature)
    best = logits.argmax(axis=1).tolist()
    places = [(place, index) for place, index in enumerate(best) if index != len(charset)]
    return [
        Target(character.text, character.confidence, place)
        for character, place in zip(result.characters, places, strict=True)
    ]


def _class_targets(logits: Float32, decoder: DecoderSpec) -> list[Target]:
    flat = logits.reshape(-1)
    result = softmax.decode(
        flat, labels=decoder.labels, temperature=decoder.temperature, top_k=CLASSES
    )
    named = [(result.label, result.confidence)]
    named += [(other.text, other.confidence) for other in result.alternatives]
    return [
        Target(label, confidence, (decoder.labels.index(label),)) for label, confidence in named
    ]


_TARGETS: dict[str, Callable[[Float32, DecoderSpec], list[Target]]] = {
    "ctc": _ctc_targets,
    "multi_head": _head_targets,
    "softmax": _class_targets,
}
