"""Put a trained grid model into the package: ONNX file and manifest entry.

    python publish.py header.toml RUN --root ROOT --calibrate
    python publish.py tile.toml RUN --root ROOT --like ROOT/tile_8.onnx

Refused, like every export, unless Keras and ONNX Runtime give the same answers. Temperature and
threshold are fitted on the validation part, or on the folders of `--calibrate`, or taken from
another file (`--like`) of the same settings that kept some pictures back: the tile model that is
shipped keeps none. A card is written beside it, to which the figures of `grid_accuracy.py` are
added by hand.
"""

from __future__ import annotations

import argparse
import hashlib
import json
from dataclasses import replace
from pathlib import Path

from solver import pretrained
from solver.model import Model
from training import config, export
from training.exporting.onnx_file import set_spec
from training.weights import SUFFIX


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("config", type=Path)
    parser.add_argument("run", type=Path)
    parser.add_argument("--root", type=Path, required=True)
    source = parser.add_mutually_exclusive_group(required=True)
    source.add_argument("--calibrate", type=Path, nargs="*", help="default: data.validation")
    source.add_argument("--like", type=Path, help="a file whose calibration is taken over")
    options = parser.parse_args()
    settings = config.load(options.config)
    output = pretrained.FOLDER / f"{settings.name}.onnx"
    best = options.run / f"best{SUFFIX}"
    export.export(
        settings,
        options.root,
        best,
        output,
        calibration=options.calibrate,
        extras=export.Extras(card=output.with_suffix(".md")),
        on_report=print,
    )
    if options.like:
        like, spec = Model.open(options.like).spec.decoder, Model.open(output).spec
        if like.labels != spec.decoder.labels:
            raise SystemExit(f"{options.like}: has other labels than {options.config}")
        decoder = replace(spec.decoder, temperature=like.temperature, threshold=like.threshold)
        set_spec(output, replace(spec, decoder=decoder))

    manifest = pretrained.FOLDER / pretrained.MANIFEST
    entries = json.loads(manifest.read_text(encoding="utf-8"))
    data = output.read_bytes()
    entries[settings.name] = {
        "file": output.name,
        "sha256": hashlib.sha256(data).hexdigest(),
        "bytes": len(data),
        "role": settings.role,
        "licence": settings.licence,
        "card": f"{settings.name}.md",
        "default_for": [settings.role],
    }
    manifest.write_text(json.dumps(entries, indent=2, sort_keys=True) + "\n", encoding="utf-8")
    print(f"{output.name}: {len(data)} bytes; add its figures to {settings.name}.md")


if __name__ == "__main__":
    main()
