"""Pre-training of a classifier's network on pictures alone, without their labels.

Two changed versions of a picture should have like features, other pictures other ones (Chen et al.
2020, SimCLR); where it is asked for, pictures of one class of ``data.train`` count as alike too
(Khosla et al. 2020). The head that compares is thrown away; the rest is where training begins:
``solver-train fit --from RUN/best.weights.h5``.
"""

from __future__ import annotations

import logging
import time
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from functools import partial
from pathlib import Path
from typing import Any

import keras
import numpy as np
import numpy.typing as npt

from solver import preprocess
from training import bases, checkpoint, photo, weights
from training.config import Config
from training.contrast import contrastive_loss
from training.data.pipeline import Canvases
from training.data.sources import read_data
from training.data.stopwatch import Stopwatch
from training.models import LossModel, build
from training.models.finish import POOL
from training.optimizers import Plateau, make_optimizer, scheduled_rate
from training.samples import DatasetError, Sample
from training.samples.sample import picture_files
from training.trainer import BEST
from training.typed import ConfigError

_log = logging.getLogger(__name__)

Float32 = npt.NDArray[np.float32]
STRENGTH = 1.4
CODE = 128
AHEAD = 4
KEEP_EVERY = 10  # epochs


def pretrain(
    config: Config,
    root: Path,
    run: Path,
    folders: Sequence[Path],
    *,
    epochs: int = 100,
    batch: int = 128,
    learning_rate: float = 1e-3,
    with_labels: bool = False,
    on_report: Callable[[str], None] = _log.info,
) -> Path:
    """Train on every picture of ``folders`` and of ``data.train``; returns the weights' file.

    ``run`` is a folder for checkpoints, weights and settings; a run that was stopped goes on.
    ``batch`` pictures are looked at twice in a step. ``with_labels`` makes pictures of one class
    of ``data.train`` alike.

    Raises:
        ConfigError: the task is not classify.
        DatasetError: no pictures, or fewer than a batch.
        CheckpointError: the run's checkpoints are of another network, or of other settings.
    """
    if config.task != "classify":
        raise ConfigError(f"task: expected 'classify', received {config.task!r}")
    keras.utils.set_random_seed(config.seed)
    data = read_data(config, root)
    samples, owners = _pictures(data.samples, folders, with_labels=with_labels)
    if len(samples) < batch:
        raise DatasetError(
            f"{len(samples)} pictures are fewer than a batch of {batch}; name more folders of "
            "pictures, or a smaller --batch"
        )
    on_report(f"{len(samples)} pictures of {len(set(owners))} things")
    is_new = checkpoint.latest(run / "checkpoints") is None
    if not is_new:
        bases.go_on(config, data.labels, run)
    network = build(config, labels=data.labels, root=root)
    model = comparing(network)
    model.compile(
        optimizer=make_optimizer(
            "adamw", learning_rate=learning_rate, weight_decay=1e-4, clip_norm=config.fit.clip_norm
        ),
        jit_compile=keras.backend.backend() == "jax",
    )
    model.optimizer.build(model.trainable_variables)
    variables = [*model.variables, *model.optimizer.variables]
    first = _restore(run, variables)
    if is_new or not (run / bases.SETTINGS).is_file():
        bases.keep(config, data.labels, run, base=None)
    views = _Views(samples, owners, config, batch)
    steps, clock = len(samples) // batch, time.monotonic()
    for epoch in range(first, epochs):
        losses = []
        for step, (x, y) in enumerate(views.epoch(epoch)):
            model.optimizer.learning_rate = scheduled_rate(
                "cosine",
                peak=learning_rate,
                step=epoch * steps + step,
                total=steps * epochs,
                warmup=min(steps * epochs // 10, 5 * steps),
                plateau=Plateau(),
            )
            losses.append(float(model.train_on_batch(x, y)))
        left = (time.monotonic() - clock) / (epoch + 1 - first) * (epochs - epoch - 1)
        on_report(
            f"epoch {epoch + 1}/{epochs} loss {np.mean(losses):.4f}, {left / 60:.0f} min left"
        )
        if (epoch + 1) % KEEP_EVERY == 0 or epoch + 1 == epochs:
            arrays = [keras.ops.convert_to_numpy(variable) for variable in variables]
            checkpoint.save(run / "checkpoints", arrays, {"epoch": epoch + 1})
    plain = keras.Model(network.input, network.output)
    checkpoint.replace(run / BEST, weights.writer(plain))
    return run / BEST


def comparing(network: keras.Model) -> LossModel:
    """``image → code (N, 128)`` on a classifier's features, with the loss that compares codes."""
    x = network.get_layer(POOL).output
    x = keras.layers.Dense(x.shape[-1], use_bias=False, name="compare_hidden")(x)
    x = keras.layers.BatchNormalization(momentum=0.9, name="compare_bn")(x)
    x = keras.layers.Activation("relu", name="compare_act")(x)
    code = keras.layers.Dense(CODE, name="compare_code")(x)
    return LossModel(network.input, code, name="compare", loss_function=contrastive_loss)


class _Views:
    """Batches of two versions a picture, in an order of the epoch's own."""

    def __init__(
        self, samples: Sequence[Sample], owners: Sequence[int], config: Config, batch: int
    ) -> None:
        self._spec = config.input_spec()
        limit = config.data.cache_bytes
        self._canvases = Canvases(samples, self._spec, limit=limit, watch=Stopwatch())
        self._owners = np.array(owners, np.int32)
        self._batch, self._seed, self._workers = batch, config.seed, config.data.workers

    def epoch(self, epoch: int) -> Iterator[tuple[Float32, npt.NDArray[np.int32]]]:
        """Whole batches alone: ``(2N, h, w, c)`` tensors and ``(2N,)`` owners."""
        order = np.random.default_rng([self._seed, epoch]).permutation(len(self._owners))
        count = len(order) // self._batch
        running: deque[Future[tuple[Float32, npt.NDArray[np.int32]]]] = deque()
        with ThreadPoolExecutor(self._workers, thread_name_prefix="views") as pool:
            for step in range(count):
                part = order[step * self._batch : (step + 1) * self._batch]
                running.append(pool.submit(partial(self._make, epoch, step, part)))
                if len(running) > AHEAD:
                    yield running.popleft().result()
            while running:
                yield running.popleft().result()

    def _make(
        self, epoch: int, step: int, part: npt.NDArray[np.int64]
    ) -> tuple[Float32, npt.NDArray[np.int32]]:
        rng = np.random.default_rng([self._seed, epoch, step])
        twice = np.concatenate([part, part])
        looks = [
            photo.change(self._canvases[index][0], rng, strength=STRENGTH)
            for index in twice.tolist()
        ]
        return preprocess.tensor(np.stack(looks), self._spec), self._owners[twice]


def _pictures(
    labelled: Sequence[Sample], folders: Sequence[Path], *, with_labels: bool
) -> tuple[list[Sample], list[int]]:
    """All pictures, and whom each belongs to: its class, or itself alone."""
    samples = list(labelled)
    for folder in folders:
        samples += [Sample(path, "", folder.name) for path in picture_files(folder)]
    known: dict[object, int] = {}
    keys = [
        one.label if with_labels and one.label else number for number, one in enumerate(samples)
    ]
    return samples, [known.setdefault(key, len(known)) for key in keys]


def _restore(run: Path, variables: Sequence[Any]) -> int:
    """The epoch to go on with."""
    found = checkpoint.latest(run / "checkpoints")
    if found is None:
        return 0
    arrays, state = found
    if [tuple(v.shape) for v in variables] != [array.shape for array in arrays]:
        raise checkpoint.CheckpointError(f"{run}: its checkpoints are of another network")
    for variable, array in zip(variables, arrays, strict=True):
        variable.assign(array)
    return int(state["epoch"])
