"""Where a network looks for each character or class: Grad-CAM over its last spatial layer.

Method: Selvaraju et al., "Grad-CAM", ICCV 2017. The target's logit is differentiated by the
layer's feature maps; each map is weighted with its mean gradient; what is positive in the sum
speaks for the target. CTC: the target is the logit of a character at the frame where the best
alignment has it; a multi-head network: that of its head; a classifier: that of the class; a
detector: the class of the anchor that a box came from, on that anchor's level of the pyramid.

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

from solver import anchors
from solver.decoders import anchors as boxes
from solver.decoders import ctc, multi_head, softmax
from solver.decoders.scores import log_probabilities
from solver.geometry import Placement
from solver.preprocess import preprocess
from solver.results import Box
from solver.spec import DecoderSpec, InputSpec, ModelSpec
from training.models.bifpn import level_outputs
from training.samples import Annotation
from training.sheets import INK, Cell, contact_sheet, framed

Float32 = npt.NDArray[np.float32]
UInt8 = npt.NDArray[np.uint8]

CLASSES = 3  # a classifier's best ones
BOXES = 15  # a detector's best ones
CELL = (280, 120)  # pixels of a picture on the sheet
BOX_CELL = (280, 240)  # where boxes lie on it
STRENGTH = 0.7  # of the colour where the heat is full


@dataclass(frozen=True, slots=True)
class Target:
    """What to explain: a name, how sure the network is, and the place of its logit.

    A detector's is a ``box``, found on a ``level`` of the pyramid (0: the finest).
    """

    label: str
    confidence: float
    index: tuple[int, ...]
    box: Box | None = None
    level: int = 0


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
    """A heatmap for every character that is read in an ``(H, W, 3)`` RGB picture, class, or box.

    Raises:
        RuntimeError: Keras runs on another backend than TensorFlow.
        ValueError: no layer of that name, or none with height and width.
    """
    tensor, placement = preprocess(picture, rule)
    targets: list[Target] = []

    def choose(outputs: Sequence[Float32]) -> Sequence[Place]:
        if decoder.name == "anchors":
            targets.extend(_box_targets(outputs, rule, decoder, placement))
            return [Place(0, one.index, 0 if layer else one.level) for one in targets]
        targets.extend(_TARGETS[decoder.name](_stacked(outputs), decoder))
        return [_place(outputs, target.index) for target in targets]

    if layer or decoder.name != "anchors":
        layers = [_layer(network, layer)]
    else:
        assert decoder.anchors is not None  # so says the contract
        layers = level_outputs(network, levels=len(decoder.anchors.strides))
    maps = _grad_cams(network, tensor, layers, choose)
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

    def places(outputs: Sequence[Float32]) -> Sequence[Place]:
        return [_place(outputs, index) for index in choose(_stacked(outputs))]

    return _grad_cams(network, tensor, [_layer(network, layer)], places)


@dataclass(frozen=True, slots=True)
class Place:
    """A logit, by the network's output and the index into it, and the layer to look at."""

    output: int
    index: tuple[int, ...]
    layer: int = 0


def _grad_cams(
    network: keras.Model,
    tensor: Float32,
    layers: Sequence[Any],
    choose: Callable[[Sequence[Float32]], Sequence[Place]],
) -> list[Float32]:
    if keras.backend.backend() != "tensorflow":
        raise RuntimeError(
            f"heatmaps need Keras's tensorflow backend, received {keras.backend.backend()!r}; "
            "run again with KERAS_BACKEND=tensorflow, the weights are the same"
        )
    import tensorflow as tf

    probe = keras.Model(network.inputs, [*(one.output for one in layers), *network.outputs])
    with tf.GradientTape(persistent=True) as tape:
        x = tf.convert_to_tensor(tensor[None])
        tape.watch(x)
        found = probe(x, training=False)
        features, outputs = found[: len(layers)], [one[0] for one in found[len(layers) :]]
        places = choose([one.numpy() for one in outputs])
        scores = [outputs[place.output][place.index] for place in places]
    maps = []
    for score, place in zip(scores, places, strict=True):
        at = features[place.layer]
        gradient = tape.gradient(score, at)
        maps.append(_cam(at[0].numpy(), gradient[0].numpy()))
    return maps


def _layer(network: keras.Model, name: str | None) -> Any:
    return network.get_layer(name) if name else last_spatial_layer(network)


def _stacked(outputs: Sequence[Float32]) -> Float32:
    """The logits of a network; several heads ``(C,)`` as rows."""
    if len(outputs) == 1:
        return outputs[0]
    return np.stack([output.reshape(-1) for output in outputs])


def _place(outputs: Sequence[Float32], index: tuple[int, ...]) -> Place:
    """Where a logit of the stacked outputs is."""
    if len(outputs) == 1:
        return Place(0, index)
    inner = np.unravel_index(index[1], outputs[index[0]].shape)
    return Place(index[0], tuple(int(i) for i in inner))


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
    """The picture, and beside it one overlay a heatmap, each with its name; boxes are framed."""
    is_text = all(len(one.target.label) == 1 and one.target.box is None for one in heats)
    text = "".join(heat.target.label for heat in heats) if is_text else ""
    frames = [frame for heat in heats for frame in _frames(heat.target)]
    cells = [Cell(framed(picture, frames), ((text or "picture", INK),))]
    for heat in heats:
        caption = f"{heat.target.label}  {100 * heat.target.confidence:.1f} %"
        shown = framed(overlay(picture, heat.values), _frames(heat.target))
        cells.append(Cell(shown, ((caption, INK),)))
    return contact_sheet(cells, columns=4, size=CELL if not frames else BOX_CELL)


def _frames(target: Target) -> list[Annotation]:
    return [] if target.box is None else [Annotation(*target.box.xyxy, target.label)]


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
    charset, temperature = decoder.charset, decoder.temperature
    result = multi_head.decode(logits, charset=charset, temperature=temperature)
    scores = log_probabilities(
        logits, shape=("L", "C"), classes=charset.classes, temperature=temperature
    )
    classes = charset.encode(result.text)
    # The best text need not be that of each head's best class: several placements make it up.
    places = multi_head.place(scores, classes)
    return [
        Target(character.text, character.confidence, (place, index))
        for character, place, index in zip(result.characters, places, classes, strict=True)
    ]


def _box_targets(
    outputs: Sequence[Float32], rule: InputSpec, decoder: DecoderSpec, placement: Placement
) -> list[Target]:
    """The best boxes of the answer, each with the anchor and the class that it came from."""
    logits, deltas = outputs
    spec = ModelSpec(role="detector", input=rule, decoder=decoder)
    found = boxes.decode(logits, deltas, spec=spec, placement=placement)[:BOXES]
    rules = decoder.anchors
    assert rules is not None  # so says the contract
    assert rule.width is not None
    base = anchors.anchors(rules, rule.height, rule.width)
    every = placement.boxes_to_picture(
        anchors.decode(deltas.astype(np.float64), base, rules.variances)
    )
    ends = np.cumsum(
        [
            rules.shapes * -(-rule.height // stride) * -(-rule.width // stride)
            for stride in rules.strides
        ]
    )
    scores = 1 / (1 + np.exp(-logits.astype(np.float64) / decoder.temperature))
    targets = []
    for box in found:
        number = decoder.labels.index(box.label)
        off = np.abs(every - np.array(box.xyxy)).sum(axis=1)
        # Boxes of two anchors may be the same where both are cut off at the picture's edge.
        anchor = int(np.argmin(off + np.abs(scores[:, number] - box.score)))
        level = int(np.searchsorted(ends, anchor, side="right"))
        targets.append(Target(box.label, box.score, (anchor, number), box, level))
    return targets


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
