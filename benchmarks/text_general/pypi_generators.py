"""One function for each PyPI captcha generator: (rng) -> (label, picture bytes, "png" | "jpg").

Each draws from the generator's own options (size, font, colours, noise), most often at or near the
defaults. The packages draw from the `random` module, which the caller seeds for every picture.
"""

from __future__ import annotations

import random
import sys
import tempfile
from collections.abc import Callable
from functools import cache
from pathlib import Path
from types import SimpleNamespace

import corpus
from PIL import Image, ImageFont

Rendered = tuple[str, bytes, str]


def restore_getsize() -> None:
    """Give fonts the `getsize` that Pillow 10 removed: claptcha and simplecaptcha still call it."""
    if not hasattr(ImageFont.FreeTypeFont, "getsize"):

        def getsize(self: ImageFont.FreeTypeFont, text: str) -> tuple[int, int]:
            _, _, right, bottom = self.getbbox(text)
            return int(right), int(bottom)

        ImageFont.FreeTypeFont.getsize = getsize


class SeededSecrets:
    """Stand-in for `secrets` inside captcha.image, which takes no seed."""

    randbelow = staticmethod(random.randrange)
    choice = staticmethod(random.choice)
    randbits = staticmethod(random.getrandbits)


def captcha(rng: random.Random) -> Rendered:
    """captcha (lepture): one colour a picture, warped letters, dots and an arc."""
    import captcha.image as module

    module.secrets = SeededSecrets
    text = corpus.draw_text(rng, corpus.MIXED_TEXTS)
    width, height = corpus.draw_size(rng, (160, 60), keep=0.75, length=len(text))
    faces = None
    if rng.random() < 0.35:
        faces = [corpus.family_fonts(rng) for _ in range(rng.randint(1, 3))]
    sizes = tuple(round(size * height / 60) for size in (42, 50, 56))
    drawer = module.ImageCaptcha(width=width, height=height, fonts=faces, font_sizes=sizes)
    return text, corpus.encode(drawer.generate_image(text), form="png"), "png"


def claptcha(rng: random.Random) -> Rendered:
    """claptcha: morphed black letters, one line, white noise blended in."""
    restore_getsize()
    text = corpus.draw_text(rng, corpus.UPPER_TEXTS)
    size = corpus.draw_size(rng, (200, 80), keep=0.8, length=len(text))
    margin = (rng.choice((20, 20, 10, 15, 25)), rng.choice((20, 20, 15, 25)))
    drawer = _claptcha_class()(
        text,
        corpus.family_fonts(rng),
        size=size,
        margin=(margin[0], min(margin[1], size[1] // 3)),
        resample=rng.choice((Image.Resampling.BILINEAR, Image.Resampling.BICUBIC)),
        noise=0.0 if rng.random() < 0.05 else rng.uniform(0.1, 0.8),
    )
    return text, corpus.encode(drawer.image[1], form="png"), "png"


@cache
def _claptcha_class() -> Callable[..., SimpleNamespace]:
    from claptcha import Claptcha

    class Quick(Claptcha):  # type: ignore[misc]
        """Draws the same uniform noise from a block of bytes: the package asks pixel by pixel."""

        def _whiteNoise(self, size: tuple[int, int]) -> Image.Image | None:  # noqa: N802
            if self.noise <= 1 / 255:
                return None
            table = [round(255 * (1 - self.noise + self.noise * step / 255)) for step in range(256)]
            grain = Image.frombytes("L", size, random.randbytes(size[0] * size[1]))
            return grain.point(table).convert("RGB")

    return Quick


def django(rng: random.Random) -> Rendered:
    """django-simple-captcha: small upper case in Vera under arcs and dots."""
    settings, view, helpers = _django_modules()
    text = corpus.draw_text(rng, corpus.UPPER_TEXTS)
    plain = rng.random() < 0.75
    settings.CAPTCHA_FONT_PATH = _django_font() if plain else _vector_font(rng)
    settings.CAPTCHA_FONT_SIZE = 22 if plain else rng.randint(20, 36)
    settings.CAPTCHA_FOREGROUND_COLOR = "#001100"
    settings.CAPTCHA_BACKGROUND_COLOR = "#ffffff"
    settings.CAPTCHA_LETTER_ROTATION = (-35, 35)
    settings.CAPTCHA_LETTER_COLOR_FUNCT = None
    settings.CAPTCHA_NOISE_FUNCTIONS = (helpers.noise_arcs, helpers.noise_dots)
    settings.CAPTCHA_IMAGE_SIZE = None
    if not plain:
        settings.CAPTCHA_FOREGROUND_COLOR = corpus.draw_hex(rng, 0, 120)
        settings.CAPTCHA_BACKGROUND_COLOR = corpus.draw_hex(rng, 215, 255)
        settings.CAPTCHA_LETTER_ROTATION = rng.choice(((-35, 35), (-20, 20), (-10, 10), None))
        if rng.random() < 0.3:
            settings.CAPTCHA_LETTER_COLOR_FUNCT = helpers.random_letter_color_challenge
        keep = rng.choice(((0,), (1,), (0, 1), (0, 1)))
        settings.CAPTCHA_NOISE_FUNCTIONS = tuple(
            (helpers.noise_arcs, helpers.noise_dots)[index] for index in keep
        )
    response = view(SimpleNamespace(challenge=text), 2 if rng.random() < 0.1 else 1)
    return text, response.content, "png"


@cache
def _django_modules() -> tuple[SimpleNamespace, Callable[..., object], SimpleNamespace]:
    # Its package is named `captcha` too, so it lives in a folder of its own, beside the
    # environment's own packages: pip install --no-deps --target ENV/django-captcha.
    sys.path.insert(0, str(Path(sys.prefix) / "django-captcha"))
    import django as framework
    from django.conf import settings as site

    site.configure(INSTALLED_APPS=["captcha"])
    framework.setup()
    from captcha import helpers, views
    from captcha.conf import settings

    return settings, views._captcha_image, helpers


def _django_font() -> str:
    return str(Path(sys.prefix) / "django-captcha" / "captcha" / "fonts" / "Vera.ttf")


def _vector_font(rng: random.Random) -> str:
    """A wide TrueType face: django-simple-captcha reads any other ending as a bitmap font."""
    names = ("DejaVuSans", "DejaVuSerif", "LiberationSans-", "LiberationMono", "Lato-Bold")
    wide = [path for path in corpus.fonts() if Path(path).name.startswith(names)]
    return rng.choice([path for path in wide if path.endswith(".ttf")])


def wheezy(rng: random.Random) -> Rendered:
    """wheezy.captcha: its one-colour sample, or random colours with a thinner curve."""
    from wheezy.captcha import image as layers

    text = corpus.draw_text(rng, corpus.UPPER_TEXTS)
    width, height = corpus.draw_size(rng, (200, 75), keep=0.8, length=len(text))
    scale = height / 75
    faces = [corpus.family_fonts(rng) for _ in range(rng.randint(1, 3))]
    warps = [layers.warp(), layers.rotate(), layers.offset()]
    if rng.random() < 0.5:
        ground, ink, line, dots = "#EEEECC", "#5C87B2", "#5C87B2", "#EEEECC"
        if rng.random() < 0.3:
            ground = dots = corpus.draw_hex(rng, 210, 255)
            ink = line = corpus.draw_hex(rng, 0, 150)
        sizes = tuple(round(size * scale) for size in (65, 70, 75))
        stroke, number = 4, 50
    else:
        ground = "#ffffff"

        def ink() -> tuple[int, int, int]:
            return corpus.draw_colour(random, 60, 220)  # type: ignore[arg-type]

        def dots() -> tuple[int, int, int]:
            return corpus.draw_colour(random, 0, 170)  # type: ignore[arg-type]

        line = corpus.draw_hex(rng, 0, 170)
        sizes = tuple(round(size * scale * rng.uniform(0.95, 1.05)) for size in (45, 50, 55))
        stroke, number = 2, rng.randint(30, 60)
        warps = [layers.warp(0.2, 0.15), layers.rotate(rng.choice((15, 25))), layers.offset()]
    if len(text) > 5:
        sizes = tuple(round(size * 0.8) for size in sizes)
    render = layers.captcha(
        [
            layers.background(ground),
            layers.text(fonts=faces, font_sizes=sizes, drawings=warps, color=ink),
            layers.curve(line, stroke, rng.choice((4, 5, 6, 6))),
            layers.noise(number, dots, 2),
            layers.smooth(),
        ],
        width,
        height,
    )
    quality = rng.choice((75, 75, 85, 90))
    return text, corpus.encode(render(text), form="jpg", quality=quality), "jpg"


FLASK_COLOURS = (
    ((0, 0, 0), (255, 255, 255)),
    ((0, 0, 0), (255, 255, 255)),
    ((255, 255, 255), (0, 0, 0)),
    ((230, 240, 255), (30, 60, 120)),
)


def flasksimple(rng: random.Random) -> Rendered:
    """flask-simple-captcha: Roboto Mono in one colour, crossed by lines and ellipses of it."""
    from flask_simple_captcha import img as module
    from flask_simple_captcha.text import FONT_PATHS

    text = corpus.draw_text(rng, ((8, "0123456789ABCDEFGHJKLMNPQRSTUVWXYZ"), (1, corpus.UPPER)))
    ground, ink = rng.choice(FLASK_COLOURS)
    if rng.random() < 0.15:
        ground, ink = corpus.draw_colour(rng, 200, 255), corpus.draw_colour(rng, 0, 110)
        if rng.random() < 0.5:
            ground, ink = ink, ground
    module.IMGWIDTH = 180
    module.IMGHEIGHT = 60
    if rng.random() < 0.15 or len(text) > 6:
        width, height = corpus.draw_size(rng, (180, 60), keep=0.0, length=len(text))
        module.IMGWIDTH = width
        module.IMGHEIGHT = height
    face = rng.choice(sorted(FONT_PATHS))
    image = module.create_text_img(text, face, 30, back_color=ground, text_color=ink)
    return text, corpus.encode(image, form="jpg", quality=85), "jpg"


def multicolor(rng: random.Random) -> Rendered:
    """multicolorcaptcha: four characters, coloured fields, difficulty 0 to 5."""
    drawer = _multicolor(int(str(corpus.choose(rng, ((5, 0), (2, 1), (3, 2))))))
    result = drawer.gen_captcha_image(  # type: ignore[attr-defined]
        difficult_level=rng.randint(0, 5),
        chars_mode=rng.choice(("nums", "hex", "ascii", "ascii")),
        multicolor=rng.random() < 0.6,
        margin=rng.random() < 0.5,
    )
    image = result.image
    # Sites show its large pictures scaled down.
    width = 320 if rng.random() < 0.85 else rng.randint(220, 426)
    image.thumbnail((width, width))
    return result.characters, corpus.encode(image, form="png"), "png"


@cache
def _multicolor(size: int) -> object:
    from multicolorcaptcha import CaptchaGenerator

    drawer = CaptchaGenerator(size)
    drawer.l_fonts = sorted(path for path in drawer.l_fonts if corpus.covers(path, corpus.UPPER))
    return drawer


@cache
def _font_folder(faces: tuple[str, ...]) -> tempfile.TemporaryDirectory[str]:
    """captchagen reads every font of one folder: give it one with links to the faces wanted."""
    folder = tempfile.TemporaryDirectory(prefix="captchagen-")
    for number, face in enumerate(faces):
        Path(folder.name, f"{number:03d}-{Path(face).name}").symlink_to(face)
    return folder


def captchagen(rng: random.Random) -> Rendered:
    """captchagen: large letters of mixed faces on white, dots and lines above them."""
    from CaptchaGen import CaptchaConfig, CaptchaGenerator

    families = ("Liberation", "DejaVu", "Free", "Lato", "Roboto", "OpenSans", "Carlito")
    family = str(corpus.choose(rng, ((6, "Liberation"), *tuple((1, name) for name in families))))
    files = [path for path in corpus.fonts() if path.endswith(".ttf")]
    faces = tuple(path for path in files if Path(path).name.startswith(family))
    text = corpus.draw_text(rng, corpus.MIXED_TEXTS)
    width, height = corpus.draw_size(rng, (200, 80), keep=0.85, length=len(text))
    noisy = rng.random() < 0.75
    config = CaptchaConfig(
        width=width,
        height=height,
        min_len=len(text),
        max_len=len(text),
        rotate=rng.random() < 0.6,
        noise=noisy,
        random_color=rng.random() < 0.7,
        dot_count=rng.choice((50, 100, 150, 200, 200)),
        line_count=rng.choice((3, 5, 8, 8, 10)),
    )
    drawer = CaptchaGenerator(_font_folder(faces or corpus.fonts()[:4]).name, config)
    drawer.fonts.sort()
    drawer._random_text = lambda: text
    image, _ = drawer.generate()
    return text, corpus.encode(image, form="png"), "png"


def gvcode(rng: random.Random) -> Rendered:
    """gvcode: letters of five colours turned by -30 to 90 degrees, five lines behind them."""
    from gvcode import VFCode

    text = corpus.draw_text(rng, ((4, corpus.MIXED), (3, corpus.DIGITS), (2, corpus.MIXED[10:])))
    width, height = corpus.draw_size(rng, (200, 80), keep=0.85, length=len(text))
    face = rng.choice((None, None, None, "calibri.ttf", corpus.family_fonts(rng)))
    drawer = VFCode(
        width=width,
        height=height,
        fontsize=round(50 * height / 80),
        draw_dots=rng.random() < 0.5,
        dots_width=rng.choice((1, 1, 2)),
        draw_lines=rng.random() < 0.95,
        lines_width=rng.choice((1, 2, 3, 3, 3)),
        mask=rng.random() < 0.3,
        font=face,
    )
    drawer.generate(text)
    return text, corpus.encode(drawer._img.convert("RGB"), form="png"), "png"


GENERATORS: dict[str, Callable[[random.Random], Rendered]] = {
    "captcha": captcha,
    "captchagen": captchagen,
    "claptcha": claptcha,
    "django": django,
    "flasksimple": flasksimple,
    "gvcode": gvcode,
    "multicolor": multicolor,
    "wheezy": wheezy,
}
