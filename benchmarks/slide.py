"""How far a slider's piece has to be dragged: share within 3 pixels, and CPU time.

    python benchmarks/slide.py --peers PEERS/ddddocr
    python benchmarks/slide.py --full 120

Measures ``slide_gen-gocaptcha`` of the data folder, and eight kinds of generated pairs (seeded;
none of them chose a weight): see benchmarks/_slide_pairs.py. ddddocr's ``slide_match`` answers the
same pairs, and is told as much. Times are CPU time, one thread, from encoded bytes to answer.
``--full N`` only says what the picture without a gap is worth beside a piece: wrong answers of N
pairs with strips and N with cropped pieces, as the generator draws them.
"""

from __future__ import annotations

import io
import json
import time
import zipfile
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import asdict, dataclass
from pathlib import Path, PurePosixPath

import _common as common
import _peer
import _scores as scores
import numpy as np
from _common import Bar
from _slide_pairs import KINDS, draw_pairs

import solver
from training.generators import SlideGenerator

WORKER = Path(__file__).parent / "peers" / "slide_worker.py"
FIRST_SEED = 900_000
FIRST_COMPARED = 800_000
NEAR = 3.0  # pixels
PLAIN, HARD = "plain", tuple(kind for kind in KINDS if kind != "plain")
OWN = "solver"


@dataclass(frozen=True)
class Slider:
    """``x`` is where the left edge of the piece's picture has to come to lie."""

    group: str
    name: str
    background: bytes
    piece: bytes
    x: float
    turned: bool


@dataclass(frozen=True)
class Answer:
    group: str
    name: str
    reader: str
    error_px: float | None
    confidence: float | None
    cpu_s: float
    turned: bool

    @property
    def right(self) -> bool:
        return self.error_px is not None and abs(self.error_px) <= NEAR


def measured_set(data: Path) -> list[Slider]:
    path = data / "slide_gen-gocaptcha.zip"
    if not path.exists():
        raise SystemExit(f"{path}: not there; name the folder with --data")
    sliders = []
    with zipfile.ZipFile(path) as archive:
        table = next(name for name in archive.namelist() if name.endswith("labels.jsonl"))
        folder = PurePosixPath(table).parent
        for line in archive.read(table).decode("utf-8").splitlines():
            label = json.loads(line)
            background = archive.read(str(folder / label["file"]))
            piece = archive.read(str(folder / label["tile"]))
            name, x = label["file"], float(label["block"]["x"])
            sliders.append(Slider("slide_gen-gocaptcha", name, background, piece, x, False))
    return sliders


def generated_set(kind: str, count: int) -> list[Slider]:
    """Pairs with their files written as a site would: JPEG at the drawn quality, PNG."""
    sliders = []
    for number, pair in enumerate(draw_pairs(kind, count, first_seed=FIRST_SEED)):
        background, piece = io.BytesIO(), io.BytesIO()
        pair.background.save(background, "PNG")  # it went through JPEG when it was drawn
        pair.tile.save(piece, "PNG")
        sliders.append(
            Slider(
                kind,
                f"{kind} {number}",
                background.getvalue(),
                piece.getvalue(),
                float(pair.start + pair.offset),
                bool(pair.angle),
            )
        )
    return sliders


def answer_own(slider: Slider) -> Answer:
    started = time.process_time()
    result = solver.slide(slider.background, slider.piece)
    cpu = time.process_time() - started
    # The distance is that of what is seen of the piece, and of its picture alike.
    error = result.offset - slider.x
    return Answer(slider.group, slider.name, OWN, error, result.confidence, cpu, slider.turned)


def answer_peer(peer: _peer.Ddddocr, slider: Slider) -> Answer:
    found = peer.ask(background=slider.background, piece=slider.piece)
    error = None if found["x"] is None else found["x"] - slider.x
    return Answer(slider.group, slider.name, peer.name, error, None, found["cpu_s"], slider.turned)


def compare(count: int) -> None:
    """Print how many answers are wrong by background and piece, and by all three pictures."""
    lines = []
    for name, strip in (("strips", 1.0), ("cropped", 0.0)):
        generator = SlideGenerator(strip=strip)
        wrong = [0, 0]
        for seed in range(FIRST_COMPARED, FIRST_COMPARED + count):
            ground, piece, full, label = generator.sample_with_full(np.random.default_rng(seed))
            for place, third in enumerate((None, full)):
                found = solver.slide(ground, piece, full=third, start=label.start[0])
                wrong[place] += abs(found.offset - label.offset) > NEAR
        lines.append([name, count, *wrong])
    print(common.table(["pieces", "pairs", "wrong by two pictures", "wrong by three"], lines))


def share(answers: Sequence[Answer]) -> float:
    return sum(answer.right for answer in answers) / len(answers)


def rows(answers: Sequence[Answer], readers: Sequence[str]) -> list[list[object]]:
    lines: list[list[object]] = []
    for group in dict.fromkeys(answer.group for answer in answers):
        line: list[object] = [group]
        for reader in readers:
            own = [a for a in answers if a.group == group and a.reader == reader]
            low, high = scores.wilson(sum(a.right for a in own), len(own))
            times = [1000 * a.cpu_s for a in own]
            if reader == readers[0]:
                line.append(len(own))
            line.append(f"{share(own):.3f} ({low:.3f}–{high:.3f})")
            line.append(f"{common.percentile(times, 0.5):.1f}")
        lines.append(line)
    return lines


def main() -> None:
    parser = common.make_parser(__doc__)
    parser.add_argument("--pairs", type=int, default=100, help="of each generated kind")
    parser.add_argument("--only-generated", action="store_true", help="leave the data folder alone")
    parser.add_argument("--full", type=int, metavar="N", help="only compare with full pictures")
    options = parser.parse_args()
    if options.full is not None:
        compare(options.full)
        return
    sliders = [] if options.only_generated else measured_set(options.data)
    for kind in KINDS:
        sliders += generated_set(kind, options.pairs)
    answers: list[Answer] = []
    readers = [OWN]
    solver.slide(sliders[0].background, sliders[0].piece)  # imports are not timed
    with ExitStack() as stack:
        peers = [stack.enter_context(_peer.Ddddocr(one, WORKER)) for one in options.peers]
        readers += [peer.name for peer in peers]
        for slider in sliders:
            answers.append(answer_own(slider))
            answers += [answer_peer(peer, slider) for peer in peers]
    header = ["set", "n"]
    for reader in readers:
        header += [f"{reader}: within {NEAR:g} px (95 %)", "CPU ms p50"]
    print(common.table(header, rows(answers, readers)))
    own = [answer for answer in answers if answer.reader == OWN]
    hard = [answer for answer in own if answer.group in HARD]
    straight = [1000 * a.cpu_s for a in own if not a.turned]
    turned = [1000 * a.cpu_s for a in own if a.turned]
    sure = [answer.confidence or 0.0 for answer in own]
    right = [answer.right for answer in own]
    error = scores.expected_calibration_error(sure, right)
    print(f"\n{OWN}: mean confidence {sum(sure) / len(sure):.3f}, right {share(own):.3f}")
    print(f"{OWN}: Brier {scores.brier(sure, right):.4f}, ECE (10 bins) {error:.4f}")
    bars = [
        Bar("harder generated set within 3 px", share(hard), 0.95, more=True),
        Bar("straight, CPU ms p50", common.percentile(straight, 0.5), 6.0, more=False),
        Bar("turned, CPU ms p50", common.percentile(turned, 0.5), 15.0, more=False),
    ]
    if not options.only_generated:
        measured = [answer for answer in own if answer.group not in KINDS]
        bars.insert(0, Bar("slide_gen-gocaptcha within 3 px", share(measured), 0.99, more=True))
    common.finish(bars, {"answers": [asdict(answer) for answer in answers]}, options)


if __name__ == "__main__":
    main()
