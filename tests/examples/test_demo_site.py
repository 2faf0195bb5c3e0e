"""The demo site without a browser: what it hands out, what it takes, and what it remembers."""

from __future__ import annotations

import http.client
import io
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlencode, urlsplit

import numpy as np
import pytest
from PIL import Image

from examples.demo_site.__main__ import main
from examples.demo_site.challenges import Kind, slide_kind
from examples.demo_site.records import Desk, LimitedError, Summary
from examples.demo_site.report import lines
from examples.demo_site.site import Site
from tests.examples.sites import KINDS, demo

WHO = {"username": "demo", "password": "demo"}
WRONG = {
    "text": [{}, {"code": ""}, {"code": "?????"}],
    "grid": [
        {},
        {"points": "1,1"},
        {"points": "nan,nan"},
        {"points": "x"},
        {"points": "0,0 " * 99},
    ],
    "click": [{}, {"points": "1,1"}, {"points": "1e999,5"}, {"points": "," * 50}],
    "slide": [{}, {"offset": "-40"}, {"offset": "inf"}, {"offset": "far"}],
}


class Clock:
    now = 1000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def desk(kinds: dict[str, Kind], clock: Clock) -> Desk:
    return Desk(kinds, lifetime=60.0, limit=50, seed=3, clock=clock)


def judged(desk: Desk, kind: str, form: dict[str, str], *, visitor: str = "ann") -> str:
    return desk.judge(kind, form, visitor=visitor, address="one")


@pytest.mark.parametrize("kind", KINDS)
def test_a_challenge_takes_its_answer_once(desk: Desk, kind: str) -> None:
    if kind not in desk.kinds:
        pytest.skip("no font for it")
    for _ in range(3):
        challenge = desk.ask(kind, visitor="ann", address="one")
        assert all(_opens(picture.data) for picture in challenge.pictures.values())
        answer = dict(desk.answer(kind))
        assert judged(desk, kind, answer, visitor="bob") == "none"
        assert judged(desk, kind, answer) == "solved"
        assert judged(desk, kind, answer) == "none"


@pytest.mark.parametrize(
    ("kind", "form"), [(k, form) for k, forms in WRONG.items() for form in forms]
)
def test_a_wrong_answer_uses_it_up(desk: Desk, kind: str, form: dict[str, str]) -> None:
    if kind not in desk.kinds:
        pytest.skip("no font for it")
    desk.ask(kind, visitor="ann", address="one")
    answer = dict(desk.answer(kind))
    assert judged(desk, kind, form) == "wrong"
    assert judged(desk, kind, answer) == "none"


def test_text_takes_either_case(desk: Desk) -> None:
    desk.ask("text", visitor="ann", address="one")
    assert judged(desk, "text", {"code": f" {desk.answer('text')['code'].lower()} "}) == "solved"


def test_the_order_of_presses_counts(desk: Desk) -> None:
    if "click" not in desk.kinds:
        pytest.skip("no font for it")
    desk.ask("click", visitor="ann", address="one")
    points = desk.answer("click")["points"].split()
    assert judged(desk, "click", {"points": " ".join(reversed(points))}) == "wrong"


@pytest.mark.parametrize(
    ("off", "outcome"), [(0, "solved"), (4, "solved"), (-4, "solved"), (5, "wrong")]
)
def test_a_slider_may_miss_by_little(desk: Desk, off: float, outcome: str) -> None:
    desk.ask("slide", visitor="ann", address="one")
    offset = float(desk.answer("slide")["offset"]) + off
    assert judged(desk, "slide", {"offset": str(offset)}) == outcome


def test_challenges_expire_and_replace_each_other(desk: Desk, clock: Clock) -> None:
    desk.ask("text", visitor="ann", address="one")
    first = dict(desk.answer("text"))
    desk.ask("text", visitor="ann", address="one")
    clock.now += 61.0
    assert judged(desk, "text", dict(desk.answer("text"))) == "expired"
    assert judged(desk, "text", first) == "none"
    assert [record.outcome for record in desk.records()] == ["replaced", "expired"]
    with pytest.raises(KeyError):
        desk.answer("text")


def test_an_address_is_limited_and_comes_back(desk: Desk, clock: Clock) -> None:
    for turn in range(50):
        desk.ask("slide", visitor=str(turn), address="one")
    clock.now += 20.0
    with pytest.raises(LimitedError) as caught:
        desk.ask("slide", visitor="ann", address="one")
    assert caught.value.seconds == 40.0
    desk.ask("slide", visitor="ann", address="two")
    clock.now += 40.0
    desk.ask("slide", visitor="ann", address="one")


def test_the_same_seed_asks_the_same(kinds: dict[str, Kind]) -> None:
    answers = []
    for _ in range(2):
        desk = Desk(kinds, seed=9)
        desk.ask("text", visitor="ann", address="one")
        answers.append(desk.answer("text"))
    assert answers[0] == answers[1]


def test_summaries_count_by_visitor(desk: Desk, clock: Clock) -> None:
    assert desk.summary("text") == Summary("text", 0, 0, 0, 0, None)
    for visitor, wrongs in (("ann", 0), ("bob", 2)):
        for _ in range(wrongs):
            desk.ask("text", visitor=visitor, address="one")
            clock.now += 2.0
            judged(desk, "text", {}, visitor=visitor)
        desk.ask("text", visitor=visitor, address="one")
        clock.now += 2.0
        judged(desk, "text", dict(desk.answer("text")), visitor=visitor)
    desk.ask("text", visitor="eve", address="one")  # who only looked
    assert desk.summary("text") == Summary("text", 2, 1, 4, 2, 4.0)


def test_the_table(desk: Desk) -> None:
    summaries = [Summary("text", 50, 41, 60, 49, 0.25), Summary("grid", 0, 0, 0, 0, None)]
    assert lines(summaries, notes={"grid": "no model (header, tile)"}) == [
        "kind  logins  first try  solved / tried  tries a success  s a login",
        "text      50  41 (0.82)         49 / 60             1.22      0.250",
        "grid  no model (header, tile)",
    ]


class Caller:
    """A visitor with a cookie, over one connection a request."""

    def __init__(self, site: Site) -> None:
        self._host = urlsplit(site.address).netloc
        self.headers = {"Accept": "application/json"}

    def __call__(
        self, path: str, form: dict[str, str] | None = None, **headers: str
    ) -> tuple[int, bytes, http.client.HTTPMessage]:
        connection = http.client.HTTPConnection(self._host, timeout=60)
        body = None if form is None else urlencode(form)
        sent = self.headers | headers
        connection.request("GET" if form is None else "POST", path, body, sent)
        reply = connection.getresponse()
        found = reply.status, reply.read(), reply.headers
        connection.close()
        if "Set-Cookie" in reply.headers:
            self.headers["Cookie"] = reply.headers["Set-Cookie"].partition(";")[0]
        return found


@pytest.fixture
def site(kinds: dict[str, Kind]) -> Iterator[Site]:
    with demo(kinds, limit=30) as found:
        yield found


@pytest.fixture
def call(site: Site) -> Caller:
    return Caller(site)


@pytest.mark.parametrize("kind", KINDS)
def test_log_in_over_http(site: Site, call: Caller, kind: str) -> None:
    if kind not in site.desk.kinds:
        pytest.skip("no font for it")
    assert call(f"/account/{kind}")[0] == 303
    status, body, _ = call(f"/captcha/{kind}.json")
    assert status == 200
    assert not set(json.loads(body)) & {"answer", "code", "points", "offset"}
    answer = dict(site.desk.answer(kind))
    assert call(f"/login/{kind}", {**WHO, **answer})[0] == 200
    assert call(f"/login/{kind}", {**WHO, **answer})[0] == 410
    assert b'id="welcome"' in call(f"/account/{kind}")[1]
    assert Caller(site)(f"/account/{kind}")[0] == 303


def test_a_wrong_password_stays_out(site: Site, call: Caller) -> None:
    call("/captcha/text.json")
    form = {**WHO, "password": "x", **site.desk.answer("text")}
    status, body, _ = call("/login/text", form)
    assert (status, json.loads(body)["outcome"]) == (403, "password")
    assert call("/account/text")[0] == 303


def test_pictures_are_new_each_time(site: Site, call: Caller) -> None:
    one, two = (call("/captcha/text.png")[1] for _ in range(2))
    assert one != two
    assert [record.outcome for record in site.desk.records()] == ["replaced", "open"]


def test_forms_for_people(site: Site, call: Caller) -> None:
    status, page, headers = call("/login/text")
    assert status == 200
    assert b'src="/captcha/text.png"' in page
    assert "default-src 'none'" in headers["Content-Security-Policy"]
    status, page, _ = call("/login/text", {**WHO, "code": "x"}, Accept="text/html")
    assert status == 410
    assert b"has been answered already" in page
    call("/captcha/text.png")
    form = {**WHO, **site.desk.answer("text")}
    status, _, headers = call("/login/text", form, Accept="text/html")
    assert (status, headers["Location"]) == (303, "/account/text")
    assert b"/login/slide" in call("/")[1]


@pytest.mark.parametrize(
    ("path", "form", "headers", "status"),
    [
        ("/nothing", None, {}, 404),
        ("/login/other", None, {}, 404),
        ("/captcha/other.json", None, {}, 404),
        ("/captcha/grid.png", None, {}, 404),
        ("/static/../site.py", None, {}, 404),
        ("/static/%2e%2e/site.py", None, {}, 404),
        ("/static/login.html", None, {}, 404),
        ("/nothing", {}, {}, 404),
        ("/login/text", {"code": "x" * 9000}, {}, 413),
        ("/login/text", {}, {"Cookie": "visitor=short"}, 410),
        ("/login/text", {}, {"Cookie": "=;=\x7f,"}, 410),
        ("/login/text", {f"f{n}": "x" for n in range(40)}, {}, 400),
        ("/static/style.css", None, {}, 200),
        ("/records.json", None, {}, 200),
    ],
)
def test_odd_requests(
    call: Caller, path: str, form: dict[str, str] | None, headers: dict[str, str], status: int
) -> None:
    assert call(path, form, **headers)[0] == status


def test_too_many_are_told_to_wait(site: Site, call: Caller) -> None:
    replies = [call("/captcha/slide.json") for _ in range(31)]
    assert [status for status, _, _ in replies] == [200] * 30 + [429]
    assert 0 < int(replies[-1][2]["Retry-After"]) <= 60


def test_loopback_alone() -> None:
    with pytest.raises(ValueError, match="loopback"):
        Site(Desk({}), host="0.0.0.0")


def test_records_name_nobody(site: Site, call: Caller) -> None:
    call("/captcha/slide.json")
    (record,) = json.loads(call("/records.json")[1])
    assert set(record) == {"number", "kind", "made", "answered", "outcome"}


def test_the_run(capsys: pytest.CaptureFixture[str]) -> None:
    pytest.importorskip("requests")
    assert main(["--run", "--kinds", "slide", "grid", "--logins", "3", "--seed", "5"]) == 0
    slide, grid = capsys.readouterr().out.splitlines()[1:]
    assert slide.split()[:2] == ["slide", "3"]
    assert grid.startswith("grid ")


def test_the_run_names_a_bad_model(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--run", "--model", "nothing.onnx"]) == 2
    assert "nothing.onnx" in capsys.readouterr().err


@pytest.mark.parametrize("line", [["--run"], []])
def test_a_folder_of_tiles_that_is_none_is_named(
    line: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([*line, "--tiles", "nofolder"]) == 2
    printed = capsys.readouterr()
    assert printed.err == "error: --tiles: expected a folder, received nofolder\n"
    assert not printed.out


def test_a_folder_without_tiles_is_named(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "cat").mkdir()
    assert main(["--run", "--tiles", str(tmp_path)]) == 2
    printed = capsys.readouterr()
    assert printed.err.startswith("error: --tiles: ")
    assert not printed.out


def test_drawing_needs_no_session() -> None:
    challenge = slide_kind().make(np.random.default_rng(1))
    assert challenge.right(challenge.answer)


def _opens(data: bytes) -> Any:
    with Image.open(io.BytesIO(data)) as opened:
        return min(opened.size) > 20
