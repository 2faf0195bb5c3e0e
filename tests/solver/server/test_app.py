"""Every verb over HTTP, and every way to be refused."""

from __future__ import annotations

import base64
import json
import threading
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from solver import Solver, crop
from tests.solver.grids import draw_grid
from tests.solver.serving import Asker, png

PNG = {"content-type": "image/png"}
JSON = {"content-type": "application/json"}
Draw = Callable[..., Any]


@pytest.fixture(scope="module")
def local(toy_models: dict[str, str]) -> Solver:
    return Solver(*toy_models.values())


def b64(data: bytes) -> str:
    return base64.b64encode(data).decode()


def gap() -> bytes:
    """A background with a darker square, as a slider has it."""
    picture = np.random.default_rng(1).integers(90, 200, (100, 200, 3)).astype(np.uint8)
    picture[30:70, 120:160] //= 3
    return png(picture)


def test_text_raw_and_json(http: Any, local: Solver, picture: bytes) -> None:
    expected = local.text(picture, length=4, top_k=2).to_dict()
    raw = http.post("/v1/text?length=4&top_k=2", content=picture, headers=PNG)
    assert raw.status_code == 200
    assert raw.json() == expected
    body = {"image": b64(picture), "length": [4, 4], "top_k": 2}
    assert http.post("/v1/text", json=body).json() == expected
    body = {"image": f"data:image/png;base64,{b64(picture)}", "length": "4-4", "top_k": 2}
    assert http.post("/v1/text", json=body).json() == expected
    # An option in the query is the same; one in both is the body's.
    assert http.post("/v1/text?length=4&top_k=2", json={"image": b64(picture)}).json() == expected
    both = http.post("/v1/text?top_k=5", json={"image": b64(picture), "length": 4, "top_k": 2})
    assert both.json() == expected


def test_every_verb_answers_as_the_solver_does(
    http: Any, local: Solver, picture: bytes, cells: Draw
) -> None:
    inked, grid = png(cells((0, 1), (2, 3))), png(draw_grid())
    prompt, slider = png(cells((0, 0))), gap()
    cases: list[tuple[str, bytes, dict[str, Any]]] = [
        ("classify?top_k=2", picture, local.classify(picture, top_k=2).to_dict()),
        ("detect", inked, {"boxes": [box.to_dict() for box in local.detect(inked)]}),
        (
            "detect?threshold=0.999999",
            inked,
            {"boxes": [box.to_dict() for box in local.detect(inked, threshold=0.999999)]},
        ),
        ("tiles?wanted=cat", grid, local.tiles(grid, wanted="cat").to_dict()),
        (
            "tiles?wanted=cat&wanted=dog",
            grid,
            local.tiles(grid, wanted=["cat", "dog"]).to_dict(),
        ),
        ("crop", grid, crop(grid).to_dict()),
        ("slide?scale=2", slider, local.slide(slider, scale=2).to_dict()),
    ]
    for path, body, expected in cases:
        answer = http.post(f"/v1/{path}", content=body, headers=PNG)
        assert (path, answer.status_code) == (path, 200), answer.text
        assert answer.json() == json.loads(json.dumps(expected)), path
    clicked = http.post("/v1/click", json={"image": b64(inked), "targets": ["cat"]})
    assert clicked.json() == local.click(inked, ["cat"]).to_dict()
    prompted = http.post("/v1/click", json={"image": b64(inked), "prompt": b64(prompt)})
    assert prompted.status_code in (200, 422)  # the toy reader may find nothing on it
    body = {"background": b64(slider), "piece": b64(slider), "full": b64(slider)}
    assert http.post("/v1/slide", json=body).status_code in (200, 422)


def test_a_layout_of_ones_own(http: Any) -> None:
    layout = {"rows": 1, "columns": 2, "tile": 50, "gap": 0, "origin": [0, 0], "size": [100, 50]}
    picture = np.zeros((50, 100, 3), np.uint8)
    picture[:, :50] = 200
    answer = http.post("/v1/crop", json={"image": b64(png(picture)), "layout": layout})
    assert answer.json()["tiles"] == [[0, 0, 50, 50], [50, 0, 100, 50]]


def test_a_batch_keeps_the_order_and_its_failures(http: Any, draw: Draw) -> None:
    images = [png(draw(text)) for text in ("1", "22", "ab")]
    images.insert(1, b"no picture")
    answer = http.post("/v1/text/batch", json={"images": [b64(image) for image in images]})
    assert answer.status_code == 200
    entries = answer.json()["answers"]
    assert [entry.get("text") for entry in entries] == ["1", None, "22", "ab"]
    assert entries[1]["error"]["type"] == "ImageError"
    for verb in ("classify", "detect"):
        entries = http.post(f"/v1/{verb}/batch", json={"images": [b64(images[0])]}).json()
        assert len(entries["answers"]) == 1


def test_a_doubtful_answer_comes_with_the_error(http: Any, stripes: Draw) -> None:
    doubtful = png(stripes(255, 27, 255))
    answer = http.post("/v1/text?min_confidence=0.99", content=doubtful, headers=PNG)
    assert answer.status_code == 422
    error = answer.json()["error"]
    assert error["type"] == "LowConfidenceError"
    assert error["result"]["confidence"] < 0.99


REFUSED: list[tuple[str, dict[str, Any], int, str]] = [
    # a body that is nothing to read
    ("text", {"content": b"x", "headers": {"content-type": "text/plain"}}, 415, "ServiceError"),
    ("text", {"content": b"x"}, 415, "ServiceError"),
    ("text/batch", {"content": b"x", "headers": PNG}, 415, "ServiceError"),
    ("text", {"content": b"", "headers": PNG}, 422, "ImageError"),
    ("text", {"content": b"hello", "headers": PNG}, 422, "ImageError"),
    ("text", {"content": b"{", "headers": JSON}, 422, "TaskError"),
    ("text", {"content": b"\xff", "headers": JSON}, 422, "TaskError"),
    ("text", {"content": b"[" * 9999, "headers": JSON}, 422, "TaskError"),
    # JSON of other shapes
    ("text", {"json": []}, 422, "TaskError"),
    ("text", {"json": {}}, 422, "TaskError"),
    ("text", {"json": {"image": 5}}, 422, "TaskError"),
    ("text", {"json": {"image": ""}}, 422, "TaskError"),
    ("text", {"json": {"image": "no base64!"}}, 422, "TaskError"),
    ("text", {"json": {"image": "/etc/passwd"}}, 422, "TaskError"),
    ("text", {"json": {"image": "http://127.0.0.1/"}}, 422, "TaskError"),
    ("text", {"json": {"image": "AAAA"}}, 422, "ImageError"),
    ("text", {"json": {"image": "AAAA", "colour": 1}}, 422, "TaskError"),
    ("text/batch", {"json": {"images": []}}, 422, "TaskError"),
    ("text/batch", {"json": {"images": "AAAA"}}, 422, "TaskError"),
    ("text/batch", {"json": {"images": ["AAAA"] * 65}}, 413, "ServiceError"),
    # options
    ("text", {"json": {"image": "AAAA", "top_k": "3"}}, 422, "TaskError"),
    ("text", {"json": {"image": "AAAA", "top_k": 99}}, 422, "TaskError"),
    ("text", {"json": {"image": "AAAA", "length": True}}, 422, "TaskError"),
    ("text", {"json": {"image": "AAAA", "length": [6, 4]}}, 422, "TaskError"),
    ("text", {"json": {"image": "AAAA", "min_confidence": 1.5}}, 422, "TaskError"),
    ("text", {"json": {"image": "AAAA", "pattern": "("}}, 422, "TaskError"),
    ("text?length=x", {"content": b"x", "headers": PNG}, 422, "TaskError"),
    ("text?case=lower&case=upper", {"content": b"x", "headers": PNG}, 422, "TaskError"),
    ("text?colour=red", {"content": b"x", "headers": PNG}, 422, "TaskError"),
    ("crop?layout=/etc/layout.toml", {"content": b"x", "headers": PNG}, 422, "TaskError"),
    ("crop", {"json": {"image": "AAAA", "layout": {"rows": 10**9}}}, 422, "TaskError"),
    ("tiles?wanted=whale", {"content": b"x", "headers": PNG}, 422, "TaskError"),
    ("slide?scale=0", {"content": b"x", "headers": PNG}, 422, "TaskError"),
    ("slide?scale=nan", {"content": b"x", "headers": PNG}, 422, "TaskError"),
    ("click", {"content": b"x", "headers": PNG}, 422, "TaskError"),
    ("click", {"json": {"image": "AAAA", "targets": ["a"], "prompt": "AAAA"}}, 422, "TaskError"),
    # models
    ("text?model=nobody", {"content": b"x", "headers": PNG}, 404, "ModelError"),
    ("text?model=toy-class", {"content": b"x", "headers": PNG}, 404, "ModelError"),
    ("crop?model=toy-class", {"content": b"x", "headers": PNG}, 404, "ModelError"),
    ("read", {"content": b"x", "headers": PNG}, 404, "ServiceError"),
]  # fmt: skip


@pytest.mark.parametrize(("path", "request_", "status", "kind"), REFUSED)
def test_refused(http: Any, path: str, request_: dict[str, Any], status: int, kind: str) -> None:
    answer = http.post(f"/v1/{path}", **request_)
    assert (answer.status_code, answer.json()["error"]["type"]) == (status, kind), answer.text
    assert len(answer.text) < 2_000


@pytest.mark.parametrize(
    "asked", [{"params": {"lenght": "4"}}, {"json": {"image": "AAAA", "lenght": 4}}]
)
def test_an_unknown_option_is_told_the_known_ones(
    http: Any, picture: bytes, asked: dict[str, Any]
) -> None:
    body = {} if "json" in asked else {"content": picture, "headers": PNG}
    message = http.post("/v1/text", **body, **asked).json()["error"]["message"]
    assert message.startswith("lenght: unknown; expected of case, charset, ")
    assert "length" in message


def test_an_error_of_all_pictures_is_the_requests(http: Any, picture: bytes) -> None:
    body = {"images": [b64(picture)] * 2, "pattern": "("}
    answer = http.post("/v1/text/batch", json=body)
    assert (answer.status_code, answer.json()["error"]["type"]) == (422, "TaskError")


def test_other_methods(http: Any) -> None:
    answer = http.ask("PUT", "/v1/text")
    assert (answer.status_code, answer.headers["allow"]) == (405, "POST")
    assert http.get("/nothing").status_code == 404


def test_about(http: Any) -> None:
    assert http.get("/health").json() == {"status": "ok", "queue": 0}
    about = http.get("/v1/models").json()
    assert {"toy-text", "toy-glyph"} <= {model["name"] for model in about["models"]}
    assert all(verb["missing"] == [] for verb in about["verbs"])


async def in_parts() -> AsyncIterator[bytes]:
    for _ in range(5):
        yield bytes(300)


class Bare:
    """An application of one's own settings, without a thread left behind."""

    def __init__(self, toy_models: dict[str, str]) -> None:
        self._models = toy_models

    def __call__(self, **options: Any) -> Any:
        from solver.server.app import create_app
        from solver.server.settings import ServerSettings

        settings = ServerSettings(models=self._models, **{"workers": 1, **options})
        return Asker(create_app(settings))


@pytest.fixture
def bare(toy_models: dict[str, str]) -> Bare:
    return Bare(toy_models)


def test_a_body_that_is_too_large(bare: Bare, picture: bytes) -> None:
    with bare(max_body=1_000) as http:
        assert http.post("/v1/text", content=bytes(1_001), headers=PNG).status_code == 413
        # Without a length, it is counted as it comes.
        assert http.post("/v1/text", content=in_parts(), headers=PNG).status_code == 413
        assert http.post("/v1/text", content=picture, headers=PNG).status_code == 200


def test_bytes_that_wait_are_bounded(bare: Bare, picture: bytes) -> None:
    with bare(max_body=1_000, max_waiting=1_000) as http:
        service = http.app.state.service
        service.bodies._held = 990
        refused = http.post("/v1/text", content=bytes(300), headers=PNG)
        assert (refused.status_code, refused.headers["retry-after"]) == (429, "1")
        service.bodies._held = 0
        assert http.post("/v1/text", content=picture, headers=PNG).status_code == 200
        assert service.bodies.held == 0


def test_a_full_queue_and_an_answer_that_is_late(bare: Bare, picture: bytes) -> None:
    with bare(queue=1, max_pictures=1, timeout=0.2) as http:
        batcher = http.app.state.service.batcher
        run, free = batcher._run, threading.Event()
        batcher._run = lambda key, pictures: free.wait(30) and run(key, pictures)
        late = http.post("/v1/text", content=picture, headers=PNG)
        assert (late.status_code, late.json()["error"]["type"]) == (504, "ServiceError")
        # Its place is held until the thread is free again.
        full = http.post("/v1/text", content=picture, headers=PNG)
        assert full.status_code == 429
        assert int(full.headers["retry-after"]) >= 1
        free.set()
    with bare(queue=1, max_pictures=1) as http:
        assert http.post("/v1/text", content=picture, headers=PNG).status_code == 200


def test_a_fault_of_the_servers_own_tells_nothing(
    bare: Bare, picture: bytes, caplog: pytest.LogCaptureFixture
) -> None:
    with bare() as http:

        def fail(key: Any, pictures: Any) -> Any:
            raise RuntimeError("secret")

        http.app.state.service.batcher._run = fail
        answer = http.post("/v1/text", content=picture, headers=PNG)
    assert answer.status_code == 500
    assert "secret" not in answer.text
    assert any(record.exc_info and "secret" in str(record.exc_info[1]) for record in caplog.records)


def test_the_key(bare: Bare, picture: bytes) -> None:
    with bare(api_key="open sesame") as http:
        for header in ("", "Bearer", "Bearer wrong", "Basic open sesame", "open sesame"):
            headers = {**PNG, "authorization": header}
            refused = http.post("/v1/text", content=picture, headers=headers)
            assert refused.status_code == 401, header
            assert refused.headers["www-authenticate"] == "Bearer"
        assert http.get("/metrics").status_code == 401
        assert http.get("/v1/models").status_code == 401
        headers = {**PNG, "authorization": "Bearer open sesame"}
        assert http.post("/v1/text", content=picture, headers=headers).status_code == 200
        for path in ("/", "/health", "/page/app.js", "/openapi.json"):
            assert http.get(path).status_code == 200
        assert "security" in http.get("/openapi.json").json()


@pytest.mark.parametrize(
    ("host", "status"),
    [("localhost:80", 200), ("[::1]:8000", 200), ("evil.example", 421), ("", 421)],
)
def test_hosts(http: Any, host: str, status: int) -> None:
    assert http.get("/health", headers={"host": host}).status_code == status


def test_headers_of_every_answer(http: Any) -> None:
    for path in ("/", "/health", "/nothing", "/page/style.css"):
        headers = http.get(path).headers
        assert "default-src 'none'" in headers["content-security-policy"]
        assert headers["x-content-type-options"] == "nosniff"
        assert len(headers["x-request-id"]) == 16
    given = http.get("/health", headers={"x-request-id": "mine-7"})
    assert given.headers["x-request-id"] == "mine-7"
    forged = http.get("/health", headers={"x-request-id": "a b"})
    assert forged.headers["x-request-id"] != "a b"


def test_the_pages_files(http: Any) -> None:
    page = http.get("/")
    assert page.headers["content-type"].startswith("text/html")
    for word in ("http://", "https://", "<script>", "style=", "onclick"):
        assert word not in page.text
    again = http.get("/", headers={"if-none-match": page.headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")
    assert http.get("/page/none.js").status_code == 404


def test_logs_hold_no_picture_and_no_answer(
    http: Any, picture: bytes, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level("INFO", logger="solver.server.requests"):
        http.post("/v1/text", json={"image": b64(picture)})
        http.post("/v1/text", json={"image": "AAAA" + b64(picture)})
    fields = [getattr(record, "fields") for record in caplog.records]  # noqa: B009
    assert [(item["endpoint"], item["status"]) for item in fields] == [("text", 200), ("text", 422)]
    assert fields[0]["pictures"] == 1
    assert 0 < fields[0]["confidence"] <= 1
    assert fields[1]["error"] == "ImageError"
    told = json.dumps(fields)
    assert b64(picture)[:16] not in told
    assert "12ab" not in told


def test_metrics(http: Any, picture: bytes) -> None:
    http.post("/v1/text", content=picture, headers=PNG)
    text = http.get("/metrics").text
    for name in (
        'solver_request_seconds_count{endpoint="text"}',
        'solver_requests_total{endpoint="text",status="200"}',
        "solver_queue_pictures 0.0",
        "solver_queue_bytes 0.0",
        "solver_batch_pictures_count",
        'solver_confidence_count{model="default",verb="text"}',
        'solver_confidence_alarm{model="default",verb="text"} 0.0',
        "process_resident_memory_bytes",
    ):
        assert name in text, name


def test_doubtful_answers_count_for_the_alarm(bare: Bare, stripes: Draw) -> None:
    with bare(alarm_window=4, alarm_below=0.99) as http:
        for _ in range(4):
            doubtful = png(stripes(255, 27, 255))
            http.post("/v1/text?min_confidence=0.99", content=doubtful, headers=PNG)
        assert (
            'solver_confidence_alarm{model="default",verb="text"} 1.0' in http.get("/metrics").text
        )


def test_no_route_lacks_a_description(http: Any, toy_models: dict[str, str]) -> None:
    described = http.get("/openapi.json").json()
    verbs = {"text", "classify", "detect", "tiles", "crop", "click", "slide"}
    assert {path.split("/")[2] for path in described["paths"] if path.startswith("/v1/")} == (
        verbs | {"models"}
    )
    text = json.dumps(described)
    for reference in {part.split('"')[0] for part in text.split("#/components/schemas/")[1:]}:
        assert reference in described["components"]["schemas"]
    assert Path(toy_models["toy-text"]).name not in text
