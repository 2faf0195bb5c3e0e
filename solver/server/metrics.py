"""What Prometheus reads at ``/metrics``. Every application has a registry of its own."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from prometheus_client import (
    CollectorRegistry,
    Counter,
    GCCollector,
    Histogram,
    ProcessCollector,
    generate_latest,
)
from prometheus_client.core import GaugeMetricFamily, Metric

from solver.server.drift import DriftAlarm

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"
_SECONDS = (0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 30)
_PICTURES = (1, 2, 4, 8, 16, 32, 64, 128)
_SHARES = (0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 0.95, 0.99, 1)


class Metrics:
    """Latency, queue, batches, confidence, and the drift alarm's state.

    ``queued`` and ``held`` give the pictures and the bytes that are taken and not yet answered.
    """

    def __init__(
        self, alarm: DriftAlarm, *, queued: Callable[[], int], held: Callable[[], int]
    ) -> None:
        self.registry = CollectorRegistry()
        self._alarm = alarm
        self._queued = queued
        self._held = held
        ProcessCollector(registry=self.registry)
        GCCollector(registry=self.registry)
        self._seconds = Histogram(
            "solver_request_seconds",
            "From the first byte of a request to the last of its answer",
            ("endpoint",),
            buckets=_SECONDS,
            registry=self.registry,
        )
        self._requests = Counter(
            "solver_requests", "Requests answered", ("endpoint", "status"), registry=self.registry
        )
        self._errors = Counter(
            "solver_errors",
            "Pictures and requests without an answer, by the type of the error",
            ("endpoint", "type"),
            registry=self.registry,
        )
        self._waited = Histogram(
            "solver_queue_seconds",
            "From a place in the queue to a free thread",
            buckets=_SECONDS,
            registry=self.registry,
        )
        self._batches = Histogram(
            "solver_batch_pictures",
            "Pictures answered together",
            buckets=_PICTURES,
            registry=self.registry,
        )
        self._confidence = Histogram(
            "solver_confidence",
            "Confidence of answers",
            ("verb", "model"),
            buckets=_SHARES,
            registry=self.registry,
        )
        self.registry.register(self)

    def request(self, endpoint: str, status: int, seconds: float) -> None:
        self._seconds.labels(endpoint).observe(seconds)
        self._requests.labels(endpoint, str(status)).inc()

    def error(self, endpoint: str, kind: str) -> None:
        self._errors.labels(endpoint, kind).inc()

    def waited(self, seconds: float) -> None:
        self._waited.observe(seconds)

    def batch(self, size: int) -> None:
        self._batches.observe(size)

    def confidence(self, verb: str, model: str, value: float) -> None:
        self._confidence.labels(verb, model).observe(value)
        self._alarm.add(verb, model, value)

    def collect(self) -> Iterable[Metric]:
        """The values that are looked up when they are asked for (prometheus_client's protocol)."""
        yield GaugeMetricFamily(
            "solver_queue_pictures", "Pictures taken and not yet answered", value=self._queued()
        )
        yield GaugeMetricFamily(
            "solver_queue_bytes", "Bytes of bodies read and not yet answered", value=self._held()
        )
        mean = GaugeMetricFamily(
            "solver_confidence_mean", "Mean confidence lately", labels=("verb", "model")
        )
        alarm = GaugeMetricFamily(
            "solver_confidence_alarm",
            "1 while the mean confidence is below the threshold",
            labels=("verb", "model"),
        )
        for key, (value, alarmed) in self._alarm.read().items():
            mean.add_metric(key, value)
            alarm.add_metric(key, float(alarmed))
        yield mean
        yield alarm

    def render(self) -> bytes:
        """The text format, version 0.0.4."""
        return generate_latest(self.registry)
