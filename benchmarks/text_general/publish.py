"""Put a trained run into the package: ONNX file, Keras weights and manifest entry.

    python benchmarks/text_general/publish.py captcha.toml RUN --root FOLDER --calibrate FOLDERS…

Refused, like every export, unless Keras and ONNX Runtime give the same answers. Temperature, and
the views of test-time augmentation, are fitted on the folders of `--calibrate`. The model card
beside it is written by hand.
"""

from __future__ import annotations

import argparse
import hashlib
import json
from pathlib import Path

from solver import pretrained
from training import config, export
from training.exporting.tta import write_tta
from training.models import build
from training.weights import SUFFIX

REPOSITORY = Path(__file__).parents[2]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("config", type=Path)
    parser.add_argument("run", type=Path)
    parser.add_argument("--root", type=Path, required=True)
    parser.add_argument("--calibrate", type=Path, nargs="+", required=True)
    options = parser.parse_args()
    settings = config.load(options.config)
    best = options.run / f"best{SUFFIX}"
    output = pretrained.FOLDER / f"{settings.name}.onnx"
    export.export(
        settings, options.root, best, output, calibration=options.calibrate, on_report=print
    )
    print(write_tta(output, options.calibrate, output))

    network = build(settings)
    network.load_weights(best)
    weights = REPOSITORY / "training" / "pretrained" / f"{settings.name}{SUFFIX}"
    weights.parent.mkdir(exist_ok=True)
    network.save_weights(weights)
    print(f"{weights.name}: {weights.stat().st_size} bytes")

    manifest = pretrained.FOLDER / pretrained.MANIFEST
    entries = json.loads(manifest.read_text(encoding="utf-8"))
    data = output.read_bytes()
    entries[settings.name] = {
        "file": output.name,
        "sha256": hashlib.sha256(data).hexdigest(),
        "bytes": len(data),
        "role": "text",
        "licence": settings.licence,
        "card": f"{settings.name}.md",
        "default_for": ["text"],
    }
    manifest.write_text(json.dumps(entries, indent=2, sort_keys=True) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
