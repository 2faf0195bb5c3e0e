"""Find marks with ddddocr's detector, in its own interpreter, for benchmarks/click_accuracy.py.

    PEER/bin/python benchmarks/peers/click_worker.py

Prints the version, then answers each line ``{"picture"}`` (base64) with
``{"boxes", "cpu_s", "error"}``: boxes are xyxy in pixels; it gives no scores.
"""

from __future__ import annotations

import base64
import importlib.metadata
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

    cv2.setNumThreads(1)
    engine = ddddocr.DdddOcr(det=True, ocr=False, show_ad=False)
    answers.write(json.dumps({"version": importlib.metadata.version("ddddocr")}) + "\n")
    answers.flush()
    for line in sys.stdin:
        picture = base64.b64decode(json.loads(line)["picture"])
        boxes, failure = [], None
        started = time.process_time()
        try:
            boxes = [[float(value) for value in box] for box in engine.detection(picture)]
        except Exception as error:  # a peer that fails has found nothing: counted so
            failure = f"{type(error).__name__}: {error}"
        cpu = time.process_time() - started
        answers.write(json.dumps({"boxes": boxes, "cpu_s": cpu, "error": failure}) + "\n")
        answers.flush()


if __name__ == "__main__":
    main()
