"""Draw the easy pictures that `text-general` starts on: four digits by PyPI's `captcha`.

    python benchmarks/text_general/render_warmup.py OUT

CTC on the whole mix stands still for thousands of steps before it writes anything but blanks; a
few minutes on these break that. OUT/warmup and OUT/warmup_validation are written.
"""

from __future__ import annotations

import argparse
import hashlib
import random
from pathlib import Path

from captcha.image import ImageCaptcha

COUNTS = {"warmup": 1500, "warmup_validation": 200}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("out", type=Path)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    random.seed(options.seed)  # the generator draws from this module
    generator = ImageCaptcha(160, 60)
    for name, count in COUNTS.items():
        folder = options.out / name
        folder.mkdir(parents=True, exist_ok=True)
        for _ in range(count):
            label = "".join(random.choice("0123456789") for _ in range(4))
            data = generator.generate(label).getvalue()
            digest = hashlib.sha1(data, usedforsecurity=False).hexdigest()[:10]
            (folder / f"{label}_{digest}.png").write_bytes(data)


if __name__ == "__main__":
    main()
