"""Click pictures with something wrong: a character that is absent, there twice, or only alike.

Drawn by this project's generator with seeds that trained nothing. The same kind without anything
wrong shows how often a flag is raised for nothing.
"""

from __future__ import annotations

import io
from dataclasses import dataclass

import numpy as np
from PIL import Image

from training.generators import find_cjk_fonts, gb2312
from training.generators.fonts import FontSet
from training.generators.scenes import draw_scene
from training.generators.strew import strew

FIRST_SEED = 970_000
ABSENT, TWICE, ALIKE, SOUND = "absent", "twice", "look-alike", "nothing wrong"
WRONG = (ABSENT, TWICE, ALIKE)
# Characters of common use that differ in a stroke or a part.
_PAIRS = (
    "未末 土士 日曰 人入 天夫 大太 犬太 干千 干于 王玉 午牛 刀力 免兔 鸟乌 "
    "折拆 晴睛 拨拔 辨辩 侯候 哀衷 徒徙 戌戍 崇祟 茶荼 贷货 师帅 洒酒 治冶 "
    "冷泠 历厉 尤龙 目自 白自 田由 由甲 甲申 木本 禾木 今令 仑仓 外处 住往 "
    "俭检 抡抢 沦沧 壁璧 辟僻 低底 抵低 钓钩 狠狼 很狠 眠眼 卷券 竞竟 "
    "竟意 汆氽 亨享 享亭 毫豪 喝渴 竭揭 谒遏 募幕 墓暮 幕慕 摸模 漠模 峰锋 "
    "蜂锋 蓬篷 部陪 倍陪 培陪 清请 情清 精睛 粉纷 纷份 玩顽 远运 园圆 历压 "
    "厂广"
)
PAIRS = tuple(_PAIRS.split())


@dataclass(frozen=True)
class HardPicture:
    """``asked`` are the targets; ``doubtful`` is the place of the one with something wrong."""

    kind: str
    data: bytes
    asked: tuple[str, ...]
    boxes: tuple[tuple[int, int, int, int] | None, ...]
    doubtful: int | None


class HardGenerator:
    """Draws them, 300 to 420 pixels wide, four to six characters."""

    def __init__(self) -> None:
        self._symbols = gb2312((1,))
        self._faces = FontSet(find_cjk_fonts(gb2312()))

    def draw(self, kind: str, number: int) -> HardPicture:
        """Picture ``number`` of a kind; drawn anew until every mark has found room."""
        for attempt in range(50):
            place = [*WRONG, SOUND].index(kind)
            rng = np.random.default_rng([FIRST_SEED, place, number, attempt])
            found = self._draw(kind, rng)
            if found is not None:
                return found
        raise RuntimeError(f"{kind} {number}: no room for its marks")

    def _draw(self, kind: str, rng: np.random.Generator) -> HardPicture | None:
        width = int(rng.integers(300, 421))
        height = round(width * rng.uniform(0.5, 0.8))
        picture = draw_scene(height, width, rng, photo=0.7)
        asked = [
            str(one) for one in rng.choice(list(self._symbols), int(rng.integers(3, 5)), False)
        ]
        doubtful = int(rng.integers(len(asked))) if kind != SOUND else None
        shown = list(asked)
        if kind == ALIKE:
            pair = PAIRS[int(rng.integers(len(PAIRS)))]
            first = int(rng.integers(2))
            asked[doubtful or 0], shown[doubtful or 0] = pair[first], pair[1 - first]
        elif kind == TWICE:
            shown.append(asked[doubtful or 0])
        elif kind == ABSENT:
            del shown[doubtful or 0]
        if len(set(asked)) < len(asked) or (kind != TWICE and len(set(shown)) < len(shown)):
            return None
        decoys = [one for one in rng.choice(list(self._symbols), 3, False) if one not in asked]
        shown += [str(one) for one in decoys[: int(rng.integers(1, 3))]]
        laid = strew(
            picture,
            [(text, "") for text in shown],
            rng,
            em=width * rng.uniform(0.09, 0.15),
            turn=float(rng.choice([0.0, 30.0, 60.0])),
            faces=self._faces,
        )
        if len(laid) < len(shown):
            return None
        where = {shown[place]: box for place, box, _ in laid}
        boxes = tuple(None if i == doubtful else where[text] for i, text in enumerate(asked))
        file = io.BytesIO()
        Image.fromarray(picture).save(file, "JPEG", quality=90)
        return HardPicture(kind, file.getvalue(), tuple(asked), boxes, doubtful)
