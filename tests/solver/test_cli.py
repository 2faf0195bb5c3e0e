"""The command line: what it prints, where, and its exit codes."""

from __future__ import annotations

import io
import json
import os
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from solver import pretrained
from solver.api import open_model
from solver.cli import main
from solver.spec import DecoderSpec, ModelSpec

Draw = Callable[..., Any]
Capture = pytest.CaptureFixture[str]
ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def pictures(tmp_path: Path, draw: Draw, stripes: Draw) -> Path:
    """A folder: two clear pictures, a doubtful one below, and files that are none."""
    folder = tmp_path / "pictures"
    (folder / "below").mkdir(parents=True)
    Image.fromarray(draw("12")).save(folder / "b.png")
    Image.fromarray(draw("9a")).save(folder / "a.PNG", "PNG")
    Image.fromarray(stripes(255, 27, 255)).save(folder / "below" / "c.png")
    (folder / "notes.txt").write_text("not a picture", encoding="utf-8")
    (folder / ".hidden.png").write_bytes(b"")
    return folder


@pytest.fixture
def one_b(tmp_path: Path, draw: Draw) -> Path:
    """A picture of 1b."""
    path = tmp_path / "1b.png"
    Image.fromarray(draw("1b")).save(path)
    return path


def run(*args: object) -> int:
    return main([str(arg) for arg in args])


def usage_error(*args: object) -> int:
    with pytest.raises(SystemExit) as caught:
        run(*args)
    assert isinstance(caught.value.code, int)
    return caught.value.code


def test_one_input_prints_the_bare_answer(ctc_file: Path, pictures: Path, capsys: Capture) -> None:
    assert run("text", pictures / "b.png", "--model", ctc_file) == 0
    assert capsys.readouterr() == ("12\n", "")


def test_several_inputs_print_a_table(ctc_file: Path, pictures: Path, capsys: Capture) -> None:
    assert run("text", pictures / "b.png", pictures / "a.PNG", "--model", ctc_file) == 0
    rows = [line.split("\t") for line in capsys.readouterr().out.splitlines()]
    assert [row[:2] for row in rows] == [
        [str(pictures / "b.png"), "12"],
        [str(pictures / "a.PNG"), "9a"],
    ]
    assert all(0.99 < float(row[2]) <= 1 for row in rows)


def test_a_folder_is_its_pictures_sorted(ctc_file: Path, pictures: Path, capsys: Capture) -> None:
    assert run("text", pictures, "--model", ctc_file) == 0
    captured = capsys.readouterr()
    rows = [line.split("\t") for line in captured.out.splitlines()]
    names = [str(Path(row[0]).relative_to(pictures)) for row in rows]
    assert names == ["a.PNG", "b.png", str(Path("below", "c.png"))]
    assert "c.png: doubtful, confidence 0." in captured.err
    assert "a.PNG" not in captured.err


def test_a_folder_without_pictures(ctc_file: Path, tmp_path: Path, capsys: Capture) -> None:
    (tmp_path / "empty").mkdir()
    assert run("text", tmp_path / "empty", "--model", ctc_file) == 1
    captured = capsys.readouterr()
    assert captured.out == ""
    assert "no picture files in" in captured.err


def test_some_fail_and_the_others_are_answered(
    ctc_file: Path, pictures: Path, capsys: Capture
) -> None:
    inputs = [pictures / "missing.png", pictures / "b.png", pictures / "notes.txt"]
    assert run("text", *inputs, "--model", ctc_file) == 1
    captured = capsys.readouterr()
    assert captured.out.split("\t")[:2] == [str(pictures / "b.png"), "12"]
    assert "missing.png: " in captured.err
    assert "notes.txt: " in captured.err


def test_an_empty_answer_is_said_and_counts_as_failed(
    ctc_file: Path, pictures: Path, tmp_path: Path, draw: Draw, capsys: Capture
) -> None:
    blank = tmp_path / "blank.png"
    Image.fromarray(draw("")).save(blank)
    assert run("text", blank, "--model", ctc_file) == 1
    assert capsys.readouterr() == ("\n", f"solver: nothing was read in {blank}\n")
    assert run("text", blank, pictures / "b.png", "--model", ctc_file) == 1
    captured = capsys.readouterr()
    assert [row.split("\t")[1] for row in captured.out.splitlines()] == ["", "12"]
    assert captured.err == f"solver: nothing was read in {blank}\n"


def test_json_lines(ctc_file: Path, pictures: Path, capsys: Capture) -> None:
    inputs = [pictures / "b.png", pictures / "notes.txt"]
    assert run("text", *inputs, "--model", ctc_file, "--json", "--top-k", 2) == 1
    first, second = map(json.loads, capsys.readouterr().out.splitlines())
    assert set(first) == {"path", "text", "confidence", "characters", "alternatives"}
    assert (first["path"], first["text"], len(first["alternatives"])) == (str(inputs[0]), "12", 1)
    assert [character["text"] for character in first["characters"]] == ["1", "2"]
    assert set(second) == {"path", "error"}
    assert second["error"]["type"] == "ImageError"
    assert second["error"]["message"]


def test_a_path_cannot_break_the_table(ctc_file: Path, draw: Draw, tmp_path: Path) -> None:
    name = os.fsdecode(b"tab\there\nand \xff.png") if os.name == "posix" else "plain.png"
    path = tmp_path / name
    Image.fromarray(draw("12")).save(path)
    for options, split in (([], "\t"), (["--json"], '", "')):
        done = command("text", path, path, "--model", ctc_file, *options)
        assert (done.returncode, done.stderr) == (0, b"")
        lines = done.stdout.decode("utf-8").splitlines()
        assert len(lines) == 2
        if not options:
            assert [len(line.split(split)) for line in lines] == [3, 3]
        else:
            assert json.loads(lines[0])["path"] == str(path)


@pytest.mark.parametrize(
    ("options", "answer"),
    [
        (["--charset", "DIGITS"], "19"),
        (["--charset", "019"], "19"),
        (["--charset", "digits"], "19"),
        (["--charset", "aABb1", "--length", "2"], "1b"),
        (["--charset", "1B", "--case", "lower"], "1b"),
        (["--length", "2-4"], "1b"),
        (["--pattern", "[0-9]A"], "1A"),
        (["--case", "upper"], "1B"),
        (["--threads", "2"], "1b"),
    ],
)
def test_options_reach_the_decoder(
    ctc_file: Path, one_b: Path, capsys: Capture, options: list[str], answer: str
) -> None:
    assert run("text", one_b, "--model", ctc_file, *options) == 0
    assert capsys.readouterr().out == f"{answer}\n"


def test_min_confidence_is_a_failure(ctc_file: Path, pictures: Path, capsys: Capture) -> None:
    doubtful = pictures / "below" / "c.png"
    assert run("text", doubtful, "--model", ctc_file, "--min-confidence", 0.9) == 1
    captured = capsys.readouterr()
    assert captured.out == ""
    assert "expected a confidence of at least 0.9, received 0." in captured.err
    assert captured.err.rstrip().endswith((": 1", ": 2"))
    options = ["--min-confidence", 0.9, "--json"]
    assert run("text", doubtful, "--model", ctc_file, *options) == 1
    error = json.loads(capsys.readouterr().out)["error"]
    assert error["type"] == "LowConfidenceError"
    assert error["result"]["text"] in "12"
    assert error["result"]["confidence"] < 0.9


def test_standard_input(
    ctc_file: Path, pictures: Path, capsys: Capture, monkeypatch: pytest.MonkeyPatch
) -> None:
    stdin = io.TextIOWrapper(io.BytesIO((pictures / "b.png").read_bytes()))
    monkeypatch.setattr(sys, "stdin", stdin)
    assert run("text", "-", "--model", ctc_file) == 0
    assert capsys.readouterr().out == "12\n"


@pytest.mark.parametrize("stream", [None, b"", b"not a picture"])
def test_standard_input_without_a_picture(
    ctc_file: Path, capsys: Capture, monkeypatch: pytest.MonkeyPatch, stream: bytes | None
) -> None:
    stdin = None if stream is None else io.TextIOWrapper(io.BytesIO(stream))
    monkeypatch.setattr(sys, "stdin", stdin)
    assert run("text", "-", "--model", ctc_file) == 1
    captured = capsys.readouterr()
    assert captured.out == ""
    assert captured.err.startswith("solver: -: ")


@pytest.mark.parametrize(
    "args",
    [
        [],
        ["read"],
        ["text"],
        ["text", "x.png", "--length", "four"],
        ["text", "x.png", "--length", "6-4"],
        ["text", "x.png", "--length", "0"],
        ["text", "x.png", "--length", "-1"],
        ["text", "x.png", "--case", "title"],
        ["text", "x.png", "--charset", ""],
        ["text", "x.png", "--top-k", "0"],
        ["text", "x.png", "--threads", "x"],
        ["text", "x.png", "--threads", "99999999999"],
        ["detect", "x.png", "--threads", "1025"],
        ["click", "x.png", "--targets", "天", "--threads", "9" * 5000],
        ["slide", "x.png", "--scale", "2000"],
        ["slide", "x.png", "--scale", "0"],
        ["slide", "x.png", "--scale", "inf"],
        ["text", "x.png", "--min-confidence", "1.5"],
        ["text", "x.png", "--min-confidence", "nan"],
        ["detect"],
        ["detect", "x.png", "--threshold", "2"],
        ["detect", "x.png", "--top-k", "2"],
        ["models", "delete"],
        ["models", "show"],
    ],
)
def test_wrong_usage(args: list[str], capsys: Capture) -> None:
    assert usage_error(*args) == 2
    assert "usage: solver" in capsys.readouterr().err


@pytest.mark.parametrize(
    "options",
    [
        ["--pattern", "["],
        ["--charset", "é"],
        ["--charset", "ALNUM"],
        ["--length", "1000"],
        ["--top-k", "100000"],
    ],
)
def test_options_that_the_model_cannot_take_are_wrong_usage(
    ctc_file: Path, pictures: Path, capsys: Capture, options: list[str]
) -> None:
    assert run("text", pictures, "--model", ctc_file, *options) == 2
    captured = capsys.readouterr()
    assert captured.out == ""
    assert captured.err.startswith("solver: ")


def test_a_file_without_a_suffix_is_told_from_a_name(
    ctc_file: Path, pictures: Path, tmp_path: Path, capsys: Capture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "mymodel").write_bytes(ctc_file.read_bytes())
    assert run("text", pictures / "b.png", "--model", "mymodel") == 3
    hint = f".{os.sep}mymodel"
    assert f"'{hint}'" in capsys.readouterr().err
    assert run("text", pictures / "b.png", "--model", hint) == 0
    assert run("text", pictures / "b.png", "--model", "nothing") == 3
    assert "embedded: " in capsys.readouterr().err


@pytest.mark.parametrize("content", [None, b"", b"not a model"])
def test_a_missing_or_damaged_model(
    tmp_path: Path, pictures: Path, capsys: Capture, content: bytes | None
) -> None:
    model = tmp_path / "bad.onnx"
    if content is not None:
        model.write_bytes(content)
    for command_name in ("text", "classify", "detect"):
        assert run(command_name, pictures, "--model", model) == 3
        captured = capsys.readouterr()
        assert captured.out == ""
        assert str(model) in captured.err


def test_a_model_for_another_role_is_refused(
    class_file: Path, pictures: Path, capsys: Capture
) -> None:
    assert run("text", pictures, "--model", class_file) == 3
    assert "expected a model for the role 'text', it is 'class'" in capsys.readouterr().err


def test_classify(class_file: Path, tmp_path: Path, stripes: Draw, capsys: Capture) -> None:
    Image.fromarray(stripes(0, 0)).save(tmp_path / "a.png")
    Image.fromarray(stripes(255, 255)).save(tmp_path / "b.png")
    inputs = [tmp_path / "a.png", tmp_path / "b.png"]
    assert run("classify", inputs[0], "--model", class_file) == 0
    assert capsys.readouterr().out == "cat\n"
    assert run("classify", *inputs, tmp_path / "c.png", "--model", class_file, "--json") == 1
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [line.get("label") for line in lines] == ["cat", "owl", None]
    assert lines[2]["error"]["type"] == "ImageError"


def test_classify_options_that_the_model_cannot_take(
    class_file: Path, pictures: Path, capsys: Capture
) -> None:
    assert run("classify", pictures, "--model", class_file, "--top-k", 33) == 2
    assert capsys.readouterr() == ("", "solver: top_k is a number from 1 to 32; received 33\n")


def test_a_label_cannot_break_the_table(
    tmp_path: Path, class_spec: ModelSpec, write_model: Draw, stripes: Draw, capsys: Capture
) -> None:
    decoder = DecoderSpec("softmax", labels=("a\tb\nc", "dog", "owl"))
    model = write_model(tmp_path / "odd.onnx", replace(class_spec, decoder=decoder))
    path = tmp_path / "a.png"
    Image.fromarray(stripes(0, 0)).save(path)
    assert run("classify", path, path, "--model", model) == 0
    rows = [line.split("\t") for line in capsys.readouterr().out.splitlines()]
    assert [row[:2] for row in rows] == [[str(path), r"a\tb\nc"]] * 2


@pytest.fixture
def inked(tmp_path: Path, cells: Draw) -> Path:
    """A folder: one picture with two boxes, one with none, one that is no picture."""
    folder = tmp_path / "inked"
    folder.mkdir()
    Image.fromarray(cells((0, 1), (3, 3))).save(folder / "a.png")
    Image.fromarray(cells()).save(folder / "b.png")
    (folder / "c.png").write_bytes(b"no picture")
    return folder


def test_detect_prints_a_line_a_box(detector_file: Path, inked: Path, capsys: Capture) -> None:
    assert run("detect", inked / "a.png", "--model", detector_file) == 0
    rows = [line.split("\t") for line in capsys.readouterr().out.splitlines()]
    assert [[row[0], *row[2:]] for row in rows] == [
        ["墨", "16.0", "0.0", "32.0", "16.0"],
        ["墨", "48.0", "48.0", "64.0", "64.0"],
    ]
    assert all(0.99 < float(row[1]) <= 1 for row in rows)
    assert run("detect", inked / "b.png", "--model", detector_file) == 0
    assert capsys.readouterr() == ("", "")
    assert run("detect", inked / "a.png", "--model", detector_file, "--threshold", "1") == 0
    assert capsys.readouterr().out == ""
    assert run("detect", inked, "--model", detector_file) == 1
    captured = capsys.readouterr()
    rows = [line.split("\t") for line in captured.out.splitlines()]
    assert [row[:2] for row in rows] == [[str(inked / "a.png"), "墨"]] * 2
    assert "c.png: " in captured.err


def test_detect_json(detector_file: Path, inked: Path, capsys: Capture) -> None:
    assert run("detect", inked, "--model", detector_file, "--json") == 1
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [set(line) for line in lines] == [{"path", "boxes"}] * 2 + [{"path", "error"}]
    assert [len(line["boxes"]) for line in lines[:2]] == [2, 0]
    assert set(lines[0]["boxes"][0]) == {"x1", "y1", "x2", "y2", "label", "score"}


@pytest.mark.parametrize("name", ["out.png", "out.JPG"])
def test_detect_draws_a_new_file(
    detector_file: Path, inked: Path, tmp_path: Path, capsys: Capture, name: str
) -> None:
    line = ["detect", inked / "a.png", "--model", detector_file, "--draw", tmp_path / name]
    assert run(*line) == 0
    with Image.open(tmp_path / name) as drawing:
        assert drawing.size == (64, 64)
    before = (tmp_path / name).read_bytes()
    capsys.readouterr()
    assert run(*line) == 2
    assert "is there already" in capsys.readouterr().err
    assert (tmp_path / name).read_bytes() == before


def test_detect_draws_into_a_folder(
    detector_file: Path, inked: Path, tmp_path: Path, capsys: Capture
) -> None:
    line = ["detect", inked, "--model", detector_file, "--draw", tmp_path / "deep" / "out"]
    assert run(*line) == 1
    assert run(*line) == 1
    names = sorted(path.name for path in (tmp_path / "deep" / "out").iterdir())
    assert names == ["a-2.png", "a.png", "b-2.png", "b.png"]


@pytest.mark.parametrize("name", ["out.tiff", "inked/a.png", "file/out"])
def test_a_drawing_that_cannot_be_written(
    detector_file: Path, inked: Path, tmp_path: Path, capsys: Capture, name: str
) -> None:
    (tmp_path / "file").write_bytes(b"")
    line = ["detect", inked / "a.png", "--model", detector_file, "--draw", tmp_path / name]
    assert run(*line) == 2
    captured = capsys.readouterr()
    assert captured.out == ""
    assert captured.err.startswith("solver: --draw: ")


def test_progress_is_for_a_terminal_only(
    ctc_file: Path, pictures: Path, capsys: Capture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True, raising=False)
    assert run("text", pictures, "--model", ctc_file) == 0
    captured = capsys.readouterr()
    assert "3/3" in captured.err
    assert "\x1b" not in captured.out
    assert run("text", pictures / "b.png", "--model", ctc_file) == 0
    assert capsys.readouterr().err == ""


def test_models_of_a_package(
    ctc_file: Path, tmp_path: Path, capsys: Capture, monkeypatch: pytest.MonkeyPatch
) -> None:
    import hashlib

    data = ctc_file.read_bytes()
    (tmp_path / "toy.onnx").write_bytes(data)
    (tmp_path / "toy.md").write_text("# Toy card\n", encoding="utf-8")
    entry = {
        "file": "toy.onnx",
        "sha256": hashlib.sha256(data).hexdigest(),
        "bytes": 5_800_000,
        "role": "text",
        "licence": "Apache-2.0",
        "card": "toy.md",
        "default_for": ["text"],
    }
    (tmp_path / "manifest.json").write_text(json.dumps({"toy": entry}), encoding="utf-8")
    monkeypatch.setattr(pretrained, "FOLDER", tmp_path)

    for args in (["models"], ["models", "list"]):
        assert run(*args) == 0
        assert capsys.readouterr().out == "toy\ttext\t5.8 MB\tApache-2.0\n"
    assert run("models", "show", "toy") == 0
    assert capsys.readouterr().out == "# Toy card\n"
    assert run("models", "verify") == 0
    assert capsys.readouterr().out == "toy\tok\tCPUExecutionProvider\n"

    (tmp_path / "toy.onnx").write_bytes(data + b"\0")
    assert run("models", "verify", "toy", ctc_file) == 3
    captured = capsys.readouterr()
    assert captured.out == f"{ctc_file}\tok\tCPUExecutionProvider\n"
    assert "'toy' is damaged" in captured.err


def test_models_labels_are_all_that_a_model_may_answer(
    ctc_file: Path, class_file: Path, capsys: Capture
) -> None:
    for file in (ctc_file, class_file):
        decoder = open_model(file).spec.decoder
        assert run("models", "labels", file) == 0
        assert capsys.readouterr().out.splitlines() == [*(decoder.symbols or decoder.labels)]
    assert run("models", "labels", "click-glyphs") == 0
    labels = capsys.readouterr().out.splitlines()
    background = open_model("click-glyphs").spec.decoder.background
    assert "爱心" in labels
    assert background not in labels
    assert run("models", "labels", "nothing") == 3


def test_models_show_prints_the_contract_of_a_file(ctc_file: Path, capsys: Capture) -> None:
    assert run("models", "show", ctc_file) == 0
    assert json.loads(capsys.readouterr().out)["name"] == "toy-ctc"
    assert run("models", "show", "nothing") == 3
    assert "no embedded model is called 'nothing'" in capsys.readouterr().err


def command(*args: object, **options: Any) -> subprocess.CompletedProcess[bytes]:
    """The command in a process of its own."""
    line = [sys.executable, "-m", "solver", *map(str, args)]
    return subprocess.run(line, capture_output=True, timeout=60, cwd=ROOT, check=False, **options)


def test_the_command_in_its_own_process(ctc_file: Path, pictures: Path) -> None:
    picture = (pictures / "b.png").read_bytes()
    done = command("text", "-", "--model", ctc_file, input=picture)
    assert (done.returncode, done.stdout, done.stderr) == (0, b"12" + os.linesep.encode(), b"")
    assert command("text").returncode == 2
    assert command("text", pictures, "--model", pictures / "none.onnx").returncode == 3


@pytest.mark.skipif(os.name != "posix", reason="pipes that close early are a POSIX matter")
def test_a_reader_that_goes_away_is_no_traceback(ctc_file: Path, pictures: Path) -> None:
    line = [sys.executable, "-m", "solver", "text", str(pictures), "--model", str(ctc_file)]
    reading, writing = os.pipe()
    os.close(reading)
    with os.fdopen(writing, "wb") as closed:
        done = subprocess.run(
            line, stdout=closed, stderr=subprocess.PIPE, timeout=60, cwd=ROOT, check=False
        )
    assert done.returncode == 1
    assert b"Traceback" not in done.stderr
    assert b"BrokenPipe" not in done.stderr


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="the device that is always full")
@pytest.mark.parametrize("json_lines", [[], ["--json"]])
def test_a_full_disk_is_said_in_a_sentence(
    ctc_file: Path, pictures: Path, json_lines: list[str]
) -> None:
    line = [sys.executable, "-m", "solver", "text", str(pictures), "--model", str(ctc_file)]
    with Path("/dev/full").open("wb") as full:
        done = subprocess.run(
            [*line, *json_lines],
            stdout=full, stderr=subprocess.PIPE, timeout=60, cwd=ROOT, check=False,
        )  # fmt: skip
    assert done.returncode == 4
    last = done.stderr.decode().splitlines()[-1]
    assert last.startswith("solver: the answers cannot be written: ")
    assert b"Traceback" not in done.stderr


def test_help_and_version_import_nothing_heavy() -> None:
    code = (
        "import sys\nfrom solver.cli import main\n"
        "try:\n    main(['text', '--help'])\nexcept SystemExit as stop:\n    assert not stop.code\n"
        "heavy = {'numpy', 'PIL', 'onnxruntime', 'cv2'} & set(sys.modules)\n"
        "sys.exit(f'imported {heavy}' if heavy else 0)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, timeout=60, cwd=ROOT, check=False
    )
    assert done.returncode == 0, done.stderr
    assert b"exit codes:" in done.stdout
