"""Texts as pages write them, and the characters that they ask for."""

from __future__ import annotations

import pytest

from solver.tasks.asked import characters


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", ""),
        (" \n\t", ""),
        ("，。！", ""),
        ("龙", "龙"),
        ("龙舟年", "龙舟年"),
        (" 龙 舟\n年 ", "龙舟年"),
        ("龙，舟、年。", "龙舟年"),
        ("龙,舟;年", "龙舟年"),
        ("请依次点击：龙舟年", "龙舟年"),
        ("请依次点击: 龙 舟 年", "龙舟年"),
        ("请依次点击【龙,舟,年】", "龙舟年"),
        ("请依次点击“龙”“舟”“年”完成验证", "龙舟年"),
        ('Click "A" "b" "7" in this order', "Ab7"),
        ("点击「龙」和「舟」", "龙舟"),
        ("[龙] 舟", "龙"),
        ("[验证码] 请点击：龙舟", "龙舟"),
        ("请点击：“龙”和“舟”", "龙舟"),
        ("请点击“龙”“舟”：", "龙舟"),
        # A colon between targets.
        ("龙:舟", "龙舟"),
        ("龙舟：年：天", "龙舟年天"),
        # Nothing inside, or after: then all of it.
        ("【】龙舟", "龙舟"),
        ("龙舟：", "龙舟"),
        ("“龙舟", "龙舟"),
        # Letters of both cases and repeated ones stay as they are.
        ("aAaa", "aAaa"),
        ("Ａｂ７", "Ab7"),
        ("★+龙", "★+龙"),
        ("龙\u200b\ufeff舟\ufe0f", "龙舟"),
        ("\U00020000龙", "\U00020000龙"),
        ("龙\udcff", "龙\udcff"),
    ],
)
def test_what_a_text_asks_for(text: str, expected: str) -> None:
    assert characters(text) == list(expected)


def test_a_long_text_takes_no_time_to_speak_of() -> None:
    assert characters("【" * 50_000 + "龙" * 3) == ["龙"] * 3
