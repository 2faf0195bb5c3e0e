"""Answer sliders with ddddocr, in its own interpreter. Started by benchmarks/slide.py.

    PEER/bin/python benchmarks/peers/slide_worker.py

Prints the version, then answers each line ``{"background", "piece"}`` (base64) with
``{"x", "cpu_s", "error"}``: x is where the left edge of the piece's picture comes to lie.
"""

from __future__ import annotations

import base64
import importlib.metadata
import io
import json
import os
import sys
import time


def main() -> None:
    # What a peer prints must not fall among the answers.
    answers = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)
    import cv2
    import ddddocr
    from PIL import Image

    cv2.setNumThreads(1)
    engine = ddddocr.DdddOcr(det=False, ocr=False, show_ad=False)
    answers.write(json.dumps({"version": importlib.metadata.version("ddddocr")}) + "\n")
    answers.flush()
    for line in sys.stdin:
        request = json.loads(line)
        background, piece = (base64.b64decode(request[key]) for key in ("background", "piece"))
        x, failure = None, None
        started = time.process_time()
        try:
            found = engine.slide_match(piece, background)
        except Exception as error:  # a peer that fails has not answered: counted so
            failure = f"{type(error).__name__}: {error}"
        cpu = time.process_time() - started
        if failure is None:
            # It gives the middle of the piece's picture.
            x = int(found["target"][0]) - Image.open(io.BytesIO(piece)).width // 2
        answers.write(json.dumps({"x": x, "cpu_s": cpu, "error": failure}) + "\n")
        answers.flush()


if __name__ == "__main__":
    main()
