"""An alarm for answers that grow unsure: the site has changed its captcha, or the model is wrong.

Confidence is calibrated, so its mean over many answers estimates the share that is right; no label
is needed to see it fall.
"""

from __future__ import annotations

import logging
import threading
from dataclasses import dataclass

_LOG = logging.getLogger(__name__)


@dataclass(slots=True)
class _Mean:
    value: float = 0.0
    count: int = 0
    alarmed: bool = False


class DriftAlarm:
    """Means of the last ``window`` confidences or so, one a (verb, model), exponentially weighted.

    A mean below ``below`` after at least a quarter of a window warns once, and once more says
    when it is over: a twentieth above the threshold.
    """

    def __init__(self, *, below: float, window: int) -> None:
        self._below = below
        self._window = window
        self._lock = threading.Lock()
        self._means: dict[tuple[str, str], _Mean] = {}

    def add(self, verb: str, model: str, confidence: float) -> None:
        """Count one answer."""
        with self._lock:
            mean = self._means.setdefault((verb, model), _Mean())
            mean.count += 1
            mean.value += (confidence - mean.value) / min(mean.count, self._window)
            enough = mean.count >= max(1, self._window // 4)
            if not mean.alarmed and enough and mean.value < self._below:
                mean.alarmed = True
                warning: str | None = "confidence fell"
            elif mean.alarmed and mean.value >= min(1.0, self._below * 1.05):
                mean.alarmed = False
                warning = "confidence is back"
            else:
                warning = None
            value = mean.value
        if warning is not None:
            _LOG.warning(
                "%s",
                warning,
                extra={
                    "fields": {
                        "verb": verb,
                        "model": model,
                        "mean": round(value, 4),
                        "threshold": self._below,
                    }
                },
            )

    def read(self) -> dict[tuple[str, str], tuple[float, bool]]:
        """(verb, model) → mean confidence, and whether it is alarming."""
        with self._lock:
            return {key: (mean.value, mean.alarmed) for key, mean in self._means.items()}
