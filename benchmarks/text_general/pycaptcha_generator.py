"""simplecaptcha (PyCAPTCHA's fork): outlined words on photographs or tiles, warped or with dots.

The package on PyPI ships neither fonts nor pictures; it reads them from its data folder. That
folder is built here, once a process tree, from the fonts and desktop pictures that Debian packages
(see README.md), the pictures scaled down to the sizes that a captcha shows.
"""

from __future__ import annotations

import os
import random
import shutil
import tempfile
from functools import cache
from pathlib import Path

import corpus
from PIL import Image
from pypi_generators import Rendered, restore_getsize

PICTURE_ROOTS = (Path("/usr/share/backgrounds"), Path("/usr/share/wallpapers"))
CROP_WIDTHS = (300, 420, 600, 800)
TILE_WIDTHS = (64, 90, 128, 180)
DRAFT = (1024, 1024)


def _sources() -> list[Path]:
    """One file a desktop picture (the smallest in bytes of each folder of one picture's sizes)."""
    found: dict[str, Path] = {}
    for root in PICTURE_ROOTS:
        for path in sorted(root.rglob("*")):
            if path.suffix not in (".jpg", ".png", ".webp") or path.name.startswith("screenshot"):
                continue
            sized = path.parent.name.startswith("images")
            key = str(path.parent if sized else path.with_suffix(""))
            if key not in found or path.stat().st_size < found[key].stat().st_size:
                found[key] = path
    if not found:
        raise RuntimeError("expected desktop pictures; install the packages of README.md")
    return [found[key] for key in sorted(found)]


@cache
def data_folder() -> str:
    """Build the package's data folder (pictures/nature, pictures/abstract).

    The folder is kept between processes beside other temporary files: it depends on the installed
    packages alone. It is built under another name and renamed: no process sees a half of it.
    """
    final = Path(tempfile.gettempdir()) / f"simplecaptcha-data-{os.getuid()}"
    if final.exists():
        return str(final)
    home = Path(tempfile.mkdtemp(prefix="simplecaptcha-"))
    for kind in ("nature", "abstract"):
        (home / "pictures" / kind).mkdir(parents=True)
    for number, source in enumerate(_sources()):
        with Image.open(source) as opened:
            opened.draft("RGB", DRAFT)
            image = opened.convert("RGB")
        image.thumbnail(DRAFT)
        for kind, widths in (("nature", CROP_WIDTHS), ("abstract", TILE_WIDTHS)):
            for width in widths:
                height = max(48, round(width * image.height / image.width))
                if kind == "nature":
                    height = max(height, 110)
                small = image.resize((width, height), Image.Resampling.BICUBIC)
                small.save(home / "pictures" / kind / f"{number:03d}-{width}.png")
    try:
        home.rename(final)
    except OSError:
        # Another process was first: its folder is the same.
        shutil.rmtree(home)
    return str(final)


def pycaptcha(rng: random.Random) -> Rendered:
    """Draw PseudoGimpy (photo or tiles, sine warp) or AngryGimpy (tiles, dots, moved blocks)."""
    from simplecaptcha import file as files
    from simplecaptcha.visual import ImageCaptcha, backgrounds, distortions
    from simplecaptcha.visual import text as texts

    restore_getsize()
    files.data_dir = data_folder()
    word = corpus.draw_text(rng, corpus.LOWER_TEXTS)
    display = rng.random() < 0.6
    face = corpus.family_fonts(rng, plain=not display)
    size = (256, 96) if rng.random() < 0.85 else corpus.draw_size(rng, (256, 96), keep=0.0)
    layer = texts.TextLayer(word, border_size=1, font=(face, rng.randint(30, 40)))
    if rng.random() < 0.65:
        ground = rng.choice((backgrounds.CroppedImage, backgrounds.TiledImage))()
        layers = [ground, layer, distortions.SineWarp()]
    else:
        dots = backgrounds.RandomDots(num_dots=round(400 * size[0] * size[1] / (256 * 96)))
        layers = [backgrounds.TiledImage(), dots, layer, distortions.WigglyBlocks()]

    class Drawn(ImageCaptcha):  # type: ignore[misc]
        """The package's way to say which layers a picture has."""

        def get_layers(self) -> list[object]:
            return layers

    image = Drawn().render(size)
    return word, corpus.encode(image, form="jpg", quality=rng.choice((75, 85, 90))), "jpg"
