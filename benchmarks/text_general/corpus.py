"""What every rendering script shares: texts, fonts, one random state a picture, file names.

A corpus is a folder of pictures named ``LABEL_HASH.png`` or ``.jpg``, one folder a generator.
Picture *i* of a corpus depends on (seed, generator, i) alone, so any number of workers, or a later
call with a higher first index, gives the same files.
"""

from __future__ import annotations

import hashlib
import io
import random
import string
from functools import cache
from pathlib import Path

from PIL import Image, ImageFont

DIGITS = string.digits
LOWER = string.ascii_lowercase
UPPER = string.ascii_uppercase
MIXED = DIGITS + LOWER + UPPER

# (share, alphabet) tables, one for each habit of the captcha generators.
MIXED_TEXTS = ((5, MIXED), (2, DIGITS + LOWER), (1, LOWER), (1, DIGITS), (1, DIGITS + UPPER))
UPPER_TEXTS = ((7, DIGITS + UPPER), (2, UPPER), (1, DIGITS))
LOWER_TEXTS = ((7, DIGITS + LOWER), (1, LOWER), (1, DIGITS))

LENGTHS = ((4, 3), (34, 4), (29, 5), (26, 6), (4, 7), (3, 8))

FONT_ROOT = Path("/usr/share/fonts")
# Families that a web site would use; the display faces stay out of this list.
PLAIN_FONTS = (
    "DejaVu", "Liberation", "FreeSans", "FreeSerif", "FreeMono", "Roboto", "Lato", "OpenSans",
    "Carlito", "ComicNeue", "Cantarell", "LinLibertine", "Quicksand", "Vera", "Go-", "C059",
    "NimbusRoman", "NimbusSans", "NimbusMono", "P052", "URWBookman", "URWGothic",
)  # fmt: skip
# Symbol, music and other-script files that carry Latin slots but draw no plain letters.
ODD_FONTS = ("NotoSansSymbols", "Dingbats", "Symbol", "D050", "MathJax", "Signwriting", "Oriya")


def choose(rng: random.Random, table: tuple[tuple[float, object], ...]) -> object:
    """Draw one value of a (weight, value) table."""
    return rng.choices([value for _, value in table], [weight for weight, _ in table])[0]


def draw_text(
    rng: random.Random,
    alphabets: tuple[tuple[float, str], ...],
    *,
    lengths: tuple[tuple[float, int], ...] = LENGTHS,
) -> str:
    """Draw a text: first its alphabet, then its length, then its characters."""
    alphabet = str(choose(rng, alphabets))
    length = int(str(choose(rng, lengths)))
    return "".join(rng.choice(alphabet) for _ in range(length))


def draw_size(
    rng: random.Random, base: tuple[int, int], *, keep: float = 0.7, length: int = 5
) -> tuple[int, int]:
    """Give (width, height) in pixels: `base` with chance `keep`, else a scaled variation."""
    if rng.random() < keep and length <= 6:
        return base
    scale = rng.uniform(0.8, 1.35)
    stretch = rng.uniform(0.9, 1.2) * (1.25 if length > 6 else 1.0)
    return round(base[0] * scale * stretch), round(base[1] * scale)


def draw_colour(rng: random.Random, low: int, high: int) -> tuple[int, int, int]:
    """Draw an RGB colour with every channel in low..high."""
    return (rng.randint(low, high), rng.randint(low, high), rng.randint(low, high))


def draw_hex(rng: random.Random, low: int, high: int) -> str:
    """Draw such a colour as "#rrggbb"."""
    return "#" + bytes(draw_colour(rng, low, high)).hex()


@cache
def covers(path: str, alphabet: str = MIXED) -> bool:
    """Say whether a font file draws every character of `alphabet` with ink of its own.

    A missing glyph is drawn as the font's box, the same picture that a private code point gets.
    """
    try:
        font = ImageFont.truetype(path, 24)
    except OSError:
        return False
    missing = bytes(font.getmask("\ufffe"))
    inks = [bytes(font.getmask(symbol)) for symbol in alphabet]
    return all(any(ink) and ink != missing for ink in inks)


@cache
def fonts(*, plain: bool = True, suffixes: tuple[str, ...] = (".ttf", ".otf")) -> tuple[str, ...]:
    """List the installed font files that cover digits and both cases, sorted.

    :raises RuntimeError: when none is installed.
    """
    found = []
    for path in sorted(FONT_ROOT.rglob("*")):
        if path.suffix not in suffixes or any(odd in path.name for odd in ODD_FONTS):
            continue
        if path.name.startswith("Noto") and not path.name.startswith(
            ("NotoSans-", "NotoSerif-", "NotoSansMono-", "NotoSansDisplay-", "NotoSerifDisplay-")
        ):
            continue
        if plain and not path.name.startswith(PLAIN_FONTS):
            continue
        if covers(str(path)):
            found.append(str(path))
    if not found:
        raise RuntimeError(f"expected fonts under {FONT_ROOT}; install the packages of README.md")
    return tuple(found)


def family_fonts(rng: random.Random, *, plain: bool = True) -> str:
    """Draw a font file: first its folder, so that large families do not crowd out small ones."""
    folders: dict[str, list[str]] = {}
    for path in fonts(plain=plain):
        folders.setdefault(str(Path(path).parent), []).append(path)
    return rng.choice(folders[rng.choice(sorted(folders))])


def encode(image: Image.Image, *, form: str, quality: int = 85) -> bytes:
    """Encode a picture as "png" or "jpg" (with `quality`)."""
    out = io.BytesIO()
    if form == "jpg":
        image.convert("RGB").save(out, "JPEG", quality=quality)
    else:
        image.save(out, "PNG", compress_level=1)
    return out.getvalue()


def write(folder: Path, label: str, data: bytes, *, form: str) -> Path:
    """Write one encoded picture as ``LABEL_HASH.form`` and return its path."""
    path = folder / f"{label}_{hashlib.sha1(data).hexdigest()[:10]}.{form}"
    path.write_bytes(data)
    return path
