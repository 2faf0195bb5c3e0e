"""Keras weights → one ONNX file with its contract, refused unless both give the same answers.

Beside it, where asked for: an int8 twin, a SavedModel, a ``.keras`` file and a model card. All are
made in a folder of drafts first; nothing reaches its place before everything is right.
"""

from __future__ import annotations

import importlib.metadata
import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from solver.model import Model
from solver.spec import MAX_TEXT, ModelSpec, Provenance
from training import bases
from training.config import Config, Source
from training.data.pipeline import predict_batches
from training.data.sources import Data, read_data
from training.evaluate import Evaluation, Prediction, evaluate, predict, reader_for
from training.exporting import keras_files
from training.exporting.card import Card, card_text
from training.exporting.int8 import (
    ALLOWED_LOSS,
    CALIBRATION,
    Int8,
    Int8Error,
    chosen,
    compare,
    quantise,
    readable,
)
from training.exporting.onnx_file import need_tensorflow, set_spec, write_onnx
from training.exporting.output import check_targets, int8_path, move, workshop
from training.exporting.parity import (
    LOOSE,
    Parity,
    check,
    demand,
    gate_tensors,
    keras_run,
)
from training.exporting.score_threshold import fit_score_threshold
from training.exporting.temperature import fit_temperature
from training.exporting.threshold import fit_threshold
from training.figures.boxes import BoxFigures
from training.samples import DatasetError, Sample, read_source
from training.samples.sample import picture_files
from training.weights import load as load_weights

_log = logging.getLogger(__name__)

KERAS_PICTURES = 64
ONNX, INT8, KERAS, SAVED_MODEL, CARD = (
    "draft.onnx",
    "int8.onnx",
    "draft.keras",
    "saved_model",
    "card.md",
)


@dataclass(frozen=True, slots=True)
class Extras:
    """What is written beside the ONNX file.

    ``int8``: None for none, else folders of pictures to calibrate on (none named: some of the
    validation part); ``int8_loss`` is the share of answers that may be lost by it. ``card`` is a
    Markdown file; ``keras_file`` and ``saved_model`` are a file and a folder.
    """

    int8: Sequence[Path] | None = None
    int8_loss: float = ALLOWED_LOSS
    saved_model: Path | None = None
    keras_file: Path | None = None
    card: Path | None = None


def export(
    config: Config,
    root: Path,
    weights: Path,
    output: Path,
    *,
    calibration: Sequence[Path] | None = None,
    extras: Extras | None = None,
    on_report: Callable[[str], None] = _log.info,
) -> list[Path]:
    """Write ``output`` and what ``extras`` name, and return what was written.

    ``calibration`` are held-back folders that the temperature is fitted on, or a detector's score
    threshold (none named: the validation part; None: it is not fitted). ``on_report`` gets a line
    a check.

    Raises:
        ParityError: an exported network does not answer as the trained one does; nothing is
            written.
        Int8Error: int8 was asked for and loses more than allowed; the rest is written.
        ExportError: a place cannot take its file, or Keras runs on another backend.
        FileNotFoundError, TransferError: no such weights, or those of a run with other settings.
        DatasetError: there are no pictures for what was asked.
    """
    extras = extras or Extras()
    check_targets(
        output, card=extras.card, saved_model=extras.saved_model, keras_file=extras.keras_file
    )
    if not weights.is_file():
        raise FileNotFoundError(f"{weights}: no such weights; train first: solver-train fit")
    need_tensorflow()
    data = read_data(config, root)
    bases.hold(config, data.labels, weights)
    if not data.validation:
        if extras.int8 is not None:
            raise DatasetError("--int8: needs data.validation, to measure what it loses")
        if calibration is not None and not calibration:
            raise DatasetError("--calibrate: name folders, there is no data.validation")
    work = _Work(config, root, weights, output, extras, data, on_report)
    with workshop(output) as drafts:
        return work.go(drafts, calibration)


@dataclass(slots=True)
class _Work:
    """One call of :func:`export`, once its places and data are known to be good."""

    config: Config
    root: Path
    weights: Path
    output: Path
    extras: Extras
    data: Data
    report: Callable[[str], None]
    # Of the training pictures, in single precision, whichever the network is finished in.
    known: Any = None

    @property
    def held_back(self) -> list[Sample]:
        """The validation part."""
        return [sample for part in self.data.validation.values() for sample in part]

    def go(self, drafts: Path, calibration: Sequence[Path] | None) -> list[Path]:
        """Make everything in ``drafts``, then move it to its place."""
        network = self.network("float32")  # first: it finds the prototypes
        draft = drafts / ONNX
        spec = self.spec()
        write_onnx(network, spec, draft)
        fitted_on = ""
        if calibration is not None and spec.decoder.anchors is not None:
            samples, held = self.labelled(calibration)
            least, f1 = fit_score_threshold(Model.open(draft), samples)
            anchors = replace(spec.decoder.anchors, score_threshold=least)
            spec = replace(spec, decoder=replace(spec.decoder, anchors=anchors))
            set_spec(draft, spec)
            self.report(f"score threshold: {least:g}, F1 {f1:.3f} on {held}")
        elif calibration is not None:
            samples, fitted_on = self.labelled(calibration)
            temperature = fit_temperature(Model.open(draft), samples)
            spec = replace(spec, decoder=replace(spec.decoder, temperature=temperature))
            set_spec(draft, spec)
            self.report(f"temperature: {temperature:.3f} from {fitted_on}")
            if spec.role == "tile":
                threshold, right = fit_threshold(Model.open(draft), samples, seed=self.config.seed)
                spec = replace(spec, decoder=replace(spec.decoder, threshold=threshold))
                set_spec(draft, spec)
                self.report(f"threshold: {threshold:g}, right on {right:.3f} of grids of these")
        checks = self.check(network, drafts)
        found = self.evaluation(draft)
        if found is not None:
            spec = replace(spec, provenance=replace(spec.provenance, metrics=_metrics(found)))
            set_spec(draft, spec)
        int8 = None
        if found is not None and self.extras.int8 is not None:
            int8 = self.int8(found, spec, drafts, self.extras.int8)
            self.report(str(int8))
        if self.extras.card is not None:
            card = Card(
                config=self.config,
                data=self.data,
                spec=spec,
                run=self.weights.parent,
                output=self.output.name,
                size=draft.stat().st_size,
                parameters=network.count_params(),
                evaluation=found,
                temperature_from=fitted_on,
                checks=checks,
                int8=int8,
            )
            (drafts / CARD).write_text(card_text(card), encoding="utf-8")
        written = self.publish(drafts, with_int8=int8 is not None and int8.passes)
        if int8 is not None and not int8.passes:
            raise Int8Error(
                f"{int8_path(self.output)}: not written; {int8}; allowed: "
                f"{100 * int8.allowed:g} points (--int8-loss). All else is written"
            )
        return written

    def network(self, policy: str) -> Any:
        """The trained network, computing in the policy's precision."""
        import keras

        from training.models import build

        before = keras.mixed_precision.global_policy()
        keras.mixed_precision.set_global_policy(policy)
        try:
            network = build(self.config, labels=self.data.labels, root=self.root)
            load_weights(network, self.weights)
            network = self.finished(network)
        finally:
            keras.mixed_precision.set_global_policy(before)
        return network

    def finished(self, network: Any) -> Any:
        """The network with what a classifier's settings add to it."""
        from training.models.finish import finish, prototypes

        own = self.config.classify
        if own.prototypes and self.known is None:
            places = {name: i for i, name in enumerate(self.config.labels or self.data.labels)}
            samples = self.data.samples
            batches = (
                (x, np.array([places[samples[i].label] for i in indices], np.int32))
                for indices, x, _ in predict_batches(samples, self.config.input_spec(), batch=64)
            )
            self.known = prototypes(network, batches, len(places))
        return finish(network, mirror=own.mirror, weight=own.prototypes, known=self.known)

    def spec(self) -> ModelSpec:
        """The contract, before its temperature and figures are known."""
        decoder = self.config.decoder_spec(labels=self.data.labels)
        if not self.config.has_labels:
            longest = decoder.length or MAX_TEXT
            decoder = replace(decoder, min_length=min(self.data.shortest, longest))
        return ModelSpec(
            role=self.config.role,
            input=self.config.input_spec(),
            decoder=decoder,
            name=self.config.name,
            provenance=_provenance(self.config, self.data),
        )

    def labelled(self, folders: Sequence[Path]) -> tuple[list[Sample], str]:
        """Held-back samples, of the validation part where no folder is named, and what they are."""
        if not folders:
            return self.held_back, f"the {len(self.held_back)} pictures of the validation part"
        sources = self.config.data.train
        usual = "classes" if self.config.task == "classify" else "filename"
        if self.config.task == "detect":
            usual = sources[0].reader
        # Where no folder is of the task's usual kind, labels stand where those of training do.
        own = {source.reader for source in sources} & {"classes", "filename"}
        reader = usual if usual in own or not own else own.pop()
        known = [source for source in sources if source.reader == reader]
        like = known[0] if known else Source("", reader=reader)
        samples = [
            sample
            for folder in folders
            for sample in read_source(replace(like, path=str(folder), name="", only=""), Path())
        ]
        return samples, f"{len(samples)} held-back pictures"

    def check(self, network: Any, drafts: Path) -> dict[str, Parity]:
        """The gate of each kind of file; the Keras ones are written here."""
        model = Model.open(drafts / ONNX)
        samples = self.held_back or self.data.samples
        tensors = gate_tensors(model.spec, samples, seed=self.config.seed)
        # The reference computes in double precision, so that what differs is the export's doing.
        reference, single = keras_run(self.network("float64")), keras_run(network)
        found = check(model, reference, tensors)
        if not found.passes:
            # Some networks magnify rounding beyond the tolerance: what Keras itself is off by in
            # single precision then says how far the file may be.
            rounding = check(model, reference, tensors, candidate=single)
            self.report(f"Keras itself in single precision: {rounding}")
            found = found.within(rounding)
        checks = {"ONNX": demand(found, str(self.output))}
        self.report(f"parity: {checks['ONNX']}")
        few = tensors[:KERAS_PICTURES]
        if self.extras.saved_model is not None:
            run = keras_files.write_saved_model(network, model.spec, drafts / SAVED_MODEL)
            found = check(model, single, few, candidate=run, tolerance=LOOSE)
            checks["SavedModel"] = demand(found, str(self.extras.saved_model))
            self.report(f"SavedModel: {found}")
        if self.extras.keras_file is not None:
            run = keras_files.write_keras(network, drafts / KERAS)
            found = check(model, single, few, candidate=run, tolerance=LOOSE)
            checks[".keras"] = demand(found, str(self.extras.keras_file))
            self.report(f".keras: {found}")
            foreign = keras_files.foreign_layers(drafts / KERAS)
            if foreign:
                self.report(f".keras: loads only where there is {', '.join(foreign)}")
        return checks

    def evaluation(self, draft: Path) -> Evaluation | None:
        """What the file answers on the validation part, where a card or int8 wants to know.

        Pictures of the background have no right answer, and are left out.
        """
        if self.extras.card is None and self.extras.int8 is None:
            return None
        model = Model.open(draft)
        samples = [s for s in self.held_back if s.label != model.spec.decoder.background]
        return evaluate(reader_for(model), samples) if samples else None

    def int8(
        self, found: Evaluation, spec: ModelSpec, drafts: Path, folders: Sequence[Path]
    ) -> Int8:
        """Write the int8 draft and measure it on validation pictures that calibrated nothing."""
        predictions: Sequence[Prediction] = found.predictions
        if folders:
            pictures = [path for folder in folders for path in picture_files(folder)]
            taken, _ = chosen(pictures, CALIBRATION, seed=self.config.seed)
            tensors = readable(taken, spec.input, self.report)
            calibrated_on = f"{len(tensors)} named pictures"
        else:
            count = min(CALIBRATION, len(predictions) // 2)
            taken, predictions = chosen(predictions, count, seed=self.config.seed)
            contents = [one.sample.content() for one in taken]
            tensors = readable(contents, spec.input, self.report)
            calibrated_on = f"{len(tensors)} other pictures of the validation part"
        if not tensors:
            raise DatasetError("--int8: no picture to calibrate on; two or more are needed")
        files = drafts / ONNX, drafts / INT8
        quantise(*files, tensors, spec)
        models = Model.open(files[0]), Model.open(files[1])
        again = predict(reader_for(models[1]), [one.sample for one in predictions], unreadable=[])
        int8 = compare(
            predictions,
            list(again),
            models=models,
            files=files,
            tensors=tensors,
            calibrated_on=calibrated_on,
            allowed=self.extras.int8_loss,
        )
        metrics = {"pictures": float(len(predictions))}
        if int8.ap50 is None:
            metrics["exact"] = int8.right[1].value
        else:
            metrics |= {"boxes": int8.right[1].count, "ap50": int8.ap50[1]}
        set_spec(files[1], replace(spec, provenance=replace(spec.provenance, metrics=metrics)))
        return replace(int8, size=(files[0].stat().st_size, files[1].stat().st_size))

    def publish(self, drafts: Path, *, with_int8: bool) -> list[Path]:
        """Move the drafts to their places, the ONNX file last."""
        places = {
            SAVED_MODEL: self.extras.saved_model,
            KERAS: self.extras.keras_file,
            INT8: int8_path(self.output) if with_int8 else None,
            CARD: self.extras.card,
            ONNX: self.output,
        }
        wanted = [(name, place) for name, place in places.items() if place is not None]
        for _, place in wanted:
            place.parent.mkdir(parents=True, exist_ok=True)
        for name, place in wanted:
            move(drafts / name, place)
        return [place for _, place in reversed(wanted)]


def _metrics(found: Evaluation) -> dict[str, float]:
    """The figures that a contract carries, those of the validation part."""
    pooled = found.pooled
    right = pooled.whole
    shares = {
        "pictures": pooled.count,
        "exact": right.value,
        "exact_low": right.interval[0],
        "exact_high": right.interval[1],
    }
    if isinstance(pooled, BoxFigures):
        return shares | {"boxes": pooled.recall.count, "ap50": pooled.ap50, "ap": pooled.ap}
    return shares | {"calibration_error": pooled.confidence.expected_error}


def _provenance(config: Config, data: Data) -> Provenance:
    names = ("keras", "tensorflow-cpu", "tensorflow", "onnx", "onnxruntime", "numpy", "solver-sdk")
    versions = {}
    for name in names:
        try:
            versions[name] = importlib.metadata.version(name)
        except importlib.metadata.PackageNotFoundError:
            continue
    return Provenance(
        data_sha256=data.fingerprint,
        # Of a generator as many as the whole run draws; one that stopped early saw fewer.
        samples={name: len(part) for name, part in data.train.items()}
        | {one.name: one.count * config.fit.epochs for one in data.endless},
        split_seed=config.seed,
        licence=config.licence,
        versions=versions,
    )
