"""Every command of solver-train on bad input: exit code 1, one sentence, nothing lost."""

from __future__ import annotations

import shlex
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from PIL import Image

from tests.solver.grids import draw_grid
from tests.training import toys
from tests.training.data.pictures import save, scene
from training import cli, label

resource = pytest.importorskip("resource", reason="a full disk is simulated by a POSIX limit")

ROOM = 40  # bytes that a file may have on the full disk
NETWORK = 'symbols = "0123456789"\n[model]\nwidth = 4\ncontext = 0\n[input]\nheight = 16\n'
CTC = f'name = "m"\ntask = "ctc"\n{NETWORK}[fit]\nepochs = 1\nbatch = 4\n'
CLASSES = (
    'name = "c"\ntask = "classify"\n[input]\nheight = 32\nwidth = 32\n[model]\nwidth = 4\n'
    "[fit]\nepochs = 1\nbatch = 4\n"
)


def _sources(path: str, *, reader: str = "filename") -> str:
    entry = f'path = "{path}"\nreader = "{reader}"\n'
    return f"[[data.train]]\n{entry}[[data.validation]]\n{entry}"


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Projects, good and bad, and folders of pictures, good and bad."""
    root = tmp_path_factory.mktemp("world")
    for n in range(12):
        save(root / "p/data", f"{n % 10}{n // 10}_{n}.png", scene(n, width=80, height=32))
        save(root / "good", f"{n % 10}{n // 10}_{n}.png", scene(n, width=80, height=32))
        save(root / "one/cat", f"{n}.png", scene(n, width=32, height=32))
        save(root / "two" / ("cat", "dog")[n % 2], f"{n}.png", scene(n, width=32, height=32))
    save(root / "outside", "1x_0.png", scene(1))
    (root / "empty").mkdir()
    (root / "damaged").mkdir()
    (root / "damaged/12_a.png").write_bytes(b"no picture")
    (root / "damaged/34_b.png").write_bytes((root / "good/00_0.png").read_bytes()[:90])
    shutil.copytree(root / "good", root / "some")
    (root / "some/56_c.png").write_bytes(b"")
    (root / "grids").mkdir()
    (root / "grids/labels.tsv").write_text("file\tword\tanswers\na.jpg\tcat\t1,2\n")
    shutil.copytree(root / "grids", root / "nogrids")
    shutil.copytree(root / "grids", root / "whole")
    Image.fromarray(draw_grid((0, 60, 120, 0, 60, 120, 0, 60), 20)).save(root / "whole/a.jpg")
    (root / "nogrids/a.jpg").write_bytes(b"no picture")
    (root / "answers.jsonl").write_text('{"path": "a.jpg", "indices": []}\n')
    (root / "file").write_text("in the way")
    (root / "broken.onnx").write_bytes(b"no network")
    (root / "broken.weights.h5").write_bytes(b"no weights")
    toys.text_model(root)
    for name in ("m", "old"):
        (root / "p/runs" / name).mkdir(parents=True)
        (root / "p/runs" / name / "log.csv").write_text("epoch\n")
    (root / "p/captcha.toml").write_text(CTC + _sources("data"))
    settings = {
        "good": CTC + _sources("good"),
        "two": CLASSES + _sources("two", reader="classes"),
        "one": CLASSES + _sources("one", reader="classes"),
        "empty": CTC + _sources("empty"),
        "damaged": CTC + _sources("damaged"),
        "outside": CTC + _sources("outside"),
        "nowhere": CTC + _sources("nowhere"),
        "none": CTC,
        "typo": CTC.replace("epochs", "epoch"),
        "value": CTC.replace("epochs = 1", "epochs = 0"),
        "words": "symbols = 0-9\n",
        "drawing": 'kind = "text"\nlenght = 4\n',
    }
    for name, text in settings.items():
        (root / f"{name}.toml").write_text(text)
    return root


def _must_not_serve(*_: object, **__: object) -> None:
    pytest.fail("the page was opened")


@pytest.fixture
def here(world: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A copy of that world, as the current folder."""
    copy = tmp_path / "world"
    shutil.copytree(world, copy)
    monkeypatch.setattr(label, "serve", _must_not_serve)
    monkeypatch.chdir(copy)
    return copy


def _files(folder: Path) -> dict[str, bytes]:
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file()
    }


def _refused(line: str, message: str, here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Run a command that must fail, with one sentence, and leave every file as it was."""
    before = _files(here)
    capsys.readouterr()
    assert cli.main(shlex.split(line)) == 1
    error = capsys.readouterr().err.splitlines()
    sentence = error[-1]
    assert sentence.startswith(f"solver-train {line.split(maxsplit=1)[0]}: ")
    assert message.lower() in sentence.lower()
    assert not any("Traceback" in part or "Errno" in part for part in error)
    assert _files(here) == before


QUICK = [
    # the folder
    ("new file --task ctc", "file: expected a new or an empty folder"),
    ("new p --task ctc", "p: expected a new or an empty folder"),
    ("new file/x --task ctc", "file/x: a part of this path is a file"),
    ("new q --task ctc --name a/b", "--name: expected a name that a folder can have"),
    ("check empty", "empty: no pictures"),
    ("check nowhere", "nowhere: no such folder"),
    ("split empty --out s", "empty: no pictures"),
    ("split nowhere --out s", "nowhere: no such folder"),
    ("pack empty --out o", "empty: no pictures"),
    ("pack empty.toml --out o", "empty: no pictures"),
    ("pack none.toml --out o", "add one: [[data.train]]"),
    ("pack good --out p", "there is something already"),
    ("preview empty.toml --out o.png", "empty: no pictures"),
    ("preview none.toml --out o.png", "data.train: no source"),
    ("evaluate toy.onnx empty", "empty: no pictures"),
    ("evaluate toy.onnx nowhere", "nowhere: no such folder"),
    ("label empty --out l.csv", "empty"),
    ("label nowhere --out l.csv", "nowhere"),
    ("cut empty --out o", "labels.tsv: no such table; write one with a row a picture"),
    ("cut nowhere --out o", "nowhere: no such table"),
    ("harvest nowhere.jsonl --out o", "nowhere.jsonl: no such file or folder; look at the name"),
    ("harvest answers.jsonl --out o", 'no line has "confirmed": true; add it'),
    ("clean nowhere --runs", "expected a project's folder"),
    ("clean empty --runs", "expected a project's folder"),
    ("clean p", "say what to move to the trash"),
    # one class
    ("check one --reader classes --strict --validation one", "leaks"),
    ("preview one.toml --out o.png", "one class only, 'cat'; a classifier needs two"),
    # damaged files
    ("check damaged --strict", "2 damaged files"),
    ("check some --strict", "1 damaged files"),
    ("split damaged --out s", "train would be empty"),
    ("pack damaged --out o", "none of 2 files is a picture"),
    ("preview damaged.toml --out o.png", "damaged/12_a.png"),
    ("evaluate toy.onnx damaged", "none of 2 files can be read as a picture"),
    ("cut nogrids --out o", "not one picture could be cut; look whether --layout is theirs"),
    ("cut grids --out o", "line 2: no such picture as 'a.jpg'"),
    ("harvest damaged/12_a.png --out o", "line 1: not JSON"),
    ("evaluate broken.onnx good", "broken.onnx"),
    ("label good --out l.csv --model broken.onnx", "broken.onnx"),
    # a label outside the charset
    ("check outside --symbols 0123 --strict", "1 labels outside the charset"),
    ("preview outside.toml --out o.png", "label '1x' is outside the charset"),
    ("split some --out s --reader csv", "expected one of *.csv in it, found 0"),
    # a missing file
    ("check missing.toml", "missing.toml: no such file or folder; look at the name"),
    ("cut grids --out o --layout missing.toml", "missing.toml: the layout cannot be read: no such"),
    ("pack missing.toml --out o", "missing.toml: no such file"),
    ("preview missing.toml --out o.png", "missing.toml: no such file"),
    ("preview nowhere.toml --out o.png", "nowhere: no such folder"),
    ("generate --settings missing.toml o", "missing.toml"),
    ("generate tiles o --words missing.txt", "missing.txt: no such file"),
    ("evaluate missing.onnx good", "missing.onnx"),
    ("evaluate missing good", "missing"),
    ("evaluate toy.onnx good --only missing.csv", "missing.csv: no such file"),
    ("label good --out l.csv --model missing.onnx", "missing.onnx"),
    ("label good --out nowhere/l.csv", "no such folder"),
    # an unknown key, a bad value
    ("check typo.toml", "typo.toml: fit.epoch: unknown key; expected one of"),
    ("pack typo.toml --out o", "typo.toml: fit.epoch: unknown key"),
    ("preview value.toml --out o.png", "value.toml: fit.epochs: expected > 0, received 0"),
    ("preview words.toml --out o.png", "words.toml: "),
    ("preview good.toml --out o.png --count 0", "--count: expected 1 or more"),
    ("generate --settings drawing.toml o", "lenght"),
    ("generate text o --style nothing", "nothing"),
    ("generate text o --count -1", "count=-1"),
    ("generate click o --words file", "--words is for tiles"),
    ("generate o", "expected a kind"),
    # a place where nothing can be written
    ("check good --html file/r.html", "file: a file of that name is in the way"),
    ("check good --json file/r.json", "file: a file of that name is in the way"),
    ("split good --out file", "file"),
    ("pack good --out file/o", "file: a file of that name is in the way"),
    ("generate text file/o --count 1", "file/o: a part of this path is a file"),
    ("generate tiles file/o --count 1", "file/o: a part of this path is a file"),
    ("generate text file --count 1", "file: "),
    ("preview good.toml --out file/o.png", "file: a file of that name is in the way"),
    ("preview good.toml --out empty", "empty: is a folder"),
    ("evaluate toy.onnx good --json file/r.json", "file: a file of that name is in the way"),
    ("evaluate toy.onnx good --csv empty", "empty: is a folder"),
    ("label good --out file/l.csv", "no such folder"),
]


@pytest.mark.parametrize(("line", "message"), QUICK, ids=[line for line, _ in QUICK])
def test_refused(line: str, message: str, here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    _refused(line, message, here, capsys)


TRAINING = [
    *[
        (f"{command} {settings}.toml{rest}", message)
        for command, rest in (
            ("fit", ""),
            ("search", " --trials 3"),
            ("curve", " --sizes 4"),
        )
        for settings, message in (
            ("empty", "empty: no pictures"),
            ("one", "one class only, 'cat'; a classifier needs two"),
            ("outside", "label '1x' is outside the charset"),
            ("nowhere", "nowhere: no such folder"),
            ("none", "data.train: no source"),
            ("missing", "missing.toml: no such file"),
            ("typo", "fit.epoch: unknown key"),
            ("value", "fit.epochs: expected > 0"),
        )
    ],
    ("pretrain two.toml empty", "empty: no pictures"),
    ("pretrain one.toml", "one class only, 'cat'; a classifier needs two"),
    ("pretrain good.toml", "task: expected 'classify', received 'ctc'"),
    ("pretrain missing.toml", "missing.toml: no such file"),
    ("pretrain two.toml", "12 pictures are fewer than a batch of 128; name more folders"),
    ("pretrain two.toml --batch 4 --run file/x", "file/x: a part of this path is a file"),
    ("fit good.toml --run file/x", "file/x: a part of this path is a file"),
    ("fit good.toml --from nothing", "nothing: neither"),
    ("fit good.toml --from broken.weights.h5", "not a Keras .weights.h5 file"),
    ("search good.toml --out file/x --trials 3", "file/x"),
    ("search good.toml --trials 2", "expected at least 3 trials"),
    ("curve good.toml --out file/x", "file/x"),
    ("curve good.toml --sizes 100", "--sizes: expected 1 to 12"),
    ("summary one.toml", "one class only"),
    ("summary missing.toml", "missing.toml: no such file"),
    ("summary typo.toml", "fit.epoch: unknown key"),
    ("summary good.toml --svg file/n.svg", "file: a file of that name is in the way"),
    ("heatmap good.toml good/00_0.png --out h", "best.weights.h5: no such weights"),
    ("heatmap good.toml good/00_0.png --out h --weights broken.weights.h5", "broken.weights.h5"),
    ("heatmap typo.toml good/00_0.png --out h", "fit.epoch: unknown key"),
    ("export good.toml -o o.onnx", "best.weights.h5: no such weights"),
    ("export good.toml -o o.onnx --weights broken.weights.h5", "broken.weights.h5"),
    ("export empty.toml -o o.onnx --weights w.weights.h5", "empty: no pictures"),
    ("export missing.toml -o o.onnx", "missing.toml: no such file"),
    ("export good.toml -o empty --weights w.weights.h5", "empty"),
    ("export good.toml -o file/o.onnx --weights w.weights.h5", "file/o.onnx"),
    ("export two.toml -o o.onnx --weights w.weights.h5", "w.weights.h5"),
    ("heatmap good.toml missing.png --out h --weights w.weights.h5", "missing.png"),
    ("heatmap good.toml damaged/12_a.png --out h --weights w.weights.h5", "damaged/12_a.png"),
    ("heatmap good.toml good/00_0.png --out file/h --weights w.weights.h5", "file/h"),
]


@pytest.fixture(scope="module")
def weights(world: Path) -> Path:
    """Untrained weights of ``good.toml``, in the world."""
    pytest.importorskip("tensorflow")
    import keras

    from training import config
    from training.models import build

    path = world / "w.weights.h5"
    network = build(config.load(world / "good.toml"))
    keras.Model(network.input, network.output).save_weights(path)
    return path


@pytest.mark.training
@pytest.mark.usefixtures("weights")
@pytest.mark.parametrize(("line", "message"), TRAINING, ids=[line for line, _ in TRAINING])
def test_training_refused(
    line: str, message: str, here: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    _refused(line, message, here, capsys)


@pytest.mark.training
@pytest.mark.usefixtures("weights")
def test_heatmaps_of_what_opens(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    line = "heatmap good.toml damaged/12_a.png good/00_0.png --out h --weights w.weights.h5"
    assert cli.main(shlex.split(line)) == 0
    said = capsys.readouterr().out
    assert "left out: damaged/12_a.png" in said
    assert [path.name for path in (here / "h").iterdir()] == ["00_0.heatmap.png"]


@pytest.mark.training
@pytest.mark.usefixtures("weights")
def test_damaged_pictures_do_not_train(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    commands = ("fit damaged.toml", "search damaged.toml --trials 3", "curve damaged.toml")
    for command in (*commands, "pretrain two.toml damaged --batch 2"):
        before = _files(here)
        assert cli.main(shlex.split(command)) == 1
        error = capsys.readouterr().err.splitlines()[-1]
        assert error.startswith(f"solver-train {command.split()[0]}: ")
        assert "damaged/" in error
        assert "leave it out" in error
        after = _files(here)
        assert {name: after[name] for name in before} == before


@contextmanager
def full_disk() -> Iterator[None]:
    """No file can grow beyond a few bytes; whatever writes gets an OSError, or its library's."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (ROOM, hard))
    try:
        yield
    finally:  # before pytest itself writes, to a log that is a file
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


FULL = [
    "new q --task ctc",
    "check good --json r.json",
    "check good --html r.html",
    "split good --out s",
    "pack good --out o",
    "pack good.toml --out o",
    "generate text o --count 2",
    "generate tiles o --count 2",
    "generate click o --count 2",
    "generate slide o --count 2",
    "cut whole --out o",
    "preview good.toml --out o.png --count 2",
    "evaluate toy.onnx good --json r.json",
    "evaluate toy.onnx good --html r.html",
    "evaluate toy.onnx good --csv r.csv",
    "evaluate toy.onnx good --sheet r.png",
]
FULL_TRAINING = [
    "summary good.toml --json r.json",
    "summary good.toml --svg r.svg",
    "fit good.toml --run r",
    "search good.toml --trials 3 --out r",
    "curve good.toml --sizes 4 --out r",
    "pretrain two.toml --batch 4 --epochs 1 --run r",
    "heatmap good.toml good/00_0.png --out h --weights w.weights.h5",
    "export good.toml -o o.onnx --weights w.weights.h5",
]


def _disk_is_full(line: str, folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    before = _files(folder)
    capsys.readouterr()
    with full_disk():
        code = cli.main(shlex.split(line))
    error = capsys.readouterr().err.splitlines()
    assert code == 1
    assert error[-1].startswith(f"solver-train {line.split(maxsplit=1)[0]}: ")
    assert "make room" in error[-1]
    assert not any("Traceback" in part or "Errno" in part for part in error)
    after = _files(folder)
    assert {name: after[name] for name in before} == before
    # What is new is whole: nothing as long as the limit, nothing under a name of its making.
    # Logs that grow by lines are read up to the last whole one.
    new = {
        name: body
        for name, body in after.items()
        if name not in before and not ("/events/" in name or name.endswith("/trials.jsonl"))
    }
    assert [name for name, body in new.items() if len(body) >= ROOM] == []
    assert [name for name in new if Path(name).name.startswith(".") or "partial" in name] == []


@pytest.mark.parametrize("line", FULL)
def test_full_disk(line: str, here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    _disk_is_full(line, here, capsys)


@pytest.mark.training
@pytest.mark.usefixtures("weights")
@pytest.mark.parametrize("line", FULL_TRAINING)
def test_full_disk_in_training(line: str, here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    _disk_is_full(line, here, capsys)


def test_clean_that_breaks_off_loses_nothing(
    here: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    before = sorted(_files(here).values())
    (here / "p/trash").write_text("in the way")
    assert cli.main(["clean", "p", "--runs"]) == 1
    assert "p/trash" in capsys.readouterr().err
    assert (here / "p/runs/m/log.csv").exists()
    (here / "p/trash").unlink()
    rename = Path.rename

    def full(self: Path, target: Path) -> Path:
        if self.name == "old":
            raise OSError(28, "No space left on device", str(self), None, str(target))
        return rename(self, target)

    monkeypatch.setattr(Path, "rename", full)
    assert cli.main(["clean", "p", "--runs"]) == 1
    assert "p/runs/old: no space left on device; make room" in capsys.readouterr().err
    assert sorted(_files(here).values()) == before


def test_label_on_a_full_disk(here: Path) -> None:
    store = label.Store(here / "l.csv")
    with full_disk(), pytest.raises(OSError, match="too large"):
        store.put("00_0.png", "0123456789" * 8)
    assert store.label("00_0.png") is None
    assert not [name for name in _files(here) if name.startswith("l.csv")]


def test_stopped(
    here: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def stop(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("training.workspace.clean", stop)
    assert cli.main(["clean", "p", "--runs"]) == 130
    assert capsys.readouterr().err == "solver-train clean: stopped\n"


@pytest.mark.parametrize(
    "line", ["", "new", "new q --task ocr", "split good", "fit", "nothing", "evaluate toy.onnx"]
)
def test_usage(line: str, here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    before = _files(here)
    with pytest.raises(SystemExit) as caught:
        cli.main(shlex.split(line))
    assert caught.value.code == 2
    assert "usage: solver-train" in capsys.readouterr().err
    assert _files(here) == before
