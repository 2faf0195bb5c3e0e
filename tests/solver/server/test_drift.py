"""The drift alarm: one warning when confidence falls, one when it is back."""

from __future__ import annotations

import json
import logging

import pytest

from solver.server.drift import DriftAlarm
from solver.server.logs import JsonLines


def feed(alarm: DriftAlarm, *confidences: float, model: str = "m") -> None:
    for confidence in confidences:
        alarm.add("text", model, confidence)


def events(caplog: pytest.LogCaptureFixture) -> list[str]:
    return [record.getMessage() for record in caplog.records]


def test_it_warns_once_and_says_when_it_is_over(caplog: pytest.LogCaptureFixture) -> None:
    alarm = DriftAlarm(below=0.6, window=20)
    feed(alarm, *[0.9] * 20)
    assert events(caplog) == []
    feed(alarm, *[0.1] * 40)
    assert events(caplog) == ["confidence fell"]
    assert alarm.read()[("text", "m")][1] is True
    feed(alarm, *[0.9] * 60)
    assert events(caplog) == ["confidence fell", "confidence is back"]
    assert alarm.read()[("text", "m")] == (pytest.approx(0.9, abs=0.05), False)
    line = json.loads(JsonLines().format(caplog.records[0]))
    assert (line["event"], line["threshold"], line["model"]) == ("confidence fell", 0.6, "m")


def test_a_few_answers_are_no_alarm(caplog: pytest.LogCaptureFixture) -> None:
    alarm = DriftAlarm(below=0.6, window=20)
    feed(alarm, *[0.1] * 4)
    assert events(caplog) == []
    feed(alarm, 0.1)
    assert events(caplog) == ["confidence fell"]


def test_zero_is_off_and_models_are_apart(caplog: pytest.LogCaptureFixture) -> None:
    feed(DriftAlarm(below=0, window=4), *[0.0] * 50)
    alarm = DriftAlarm(below=0.5, window=4)
    feed(alarm, *[0.1] * 9, model="a")
    feed(alarm, *[0.9] * 9, model="b")
    assert [alarmed for _, alarmed in alarm.read().values()] == [True, False]
    assert events(caplog) == ["confidence fell"]


def test_a_log_line_is_one_line_of_json() -> None:
    record = logging.LogRecord("solver.x", 20, "", 0, "two\nlines %s", ("ü",), None)
    line = JsonLines().format(record)
    assert "\n" not in line
    assert json.loads(line)["event"] == "two\nlines ü"
