"""How names appear in mails."""

import re

import pytest

from app.mail.names import MAX_LENGTH, display_name
from tests.mail.hostile import NAMES, links


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("Moon", "Moon"),
        ("Zoë & Ben, Inc.", "Zoë & Ben, Inc."),
        ("می\u200cخواهم", "می\u200cخواهم"),
        ("J.R. Moon", "J. R. Moon"),
        ("https://evil.example/x", "https: //evil. example/x"),
        ("evil。example", "evil。 example"),
        ("ann@example.com", "ann@ example. com"),
        (r"\\host\share", r"\ \ host\ share"),
        ("=?utf-8?q?x?=", "= ?utf-8?q?x? ="),
        ("  a \u3000 b\r\nc\u202e ", "a b c"),
        ("Call +1 800 555 0199 now", "Call +1 800 · 555 0 · 199 now"),
        ("(0800)555-0199", "(0800) · 555-0 · 199"),
        ("18005550199", "1800 · 5550 · 199"),
        ("١٢٣٤٥٦٧٨", "١٢٣٤ · ٥٦٧٨"),
        ("Team 123456", "Team 123456"),
        ("2024 and 2025", "2024 and 2025"),
        ("x" * 50, "x" * 50),
        ("x" * 51, "x" * 49 + "…"),
        ("x" * 48 + " yz", "x" * 48 + "…"),
        ("x" * 48 + "e\u0323\u0301" + "y", "x" * 48 + "…"),
        ("x" * 47 + "👩\u200d👩\u200d👧", "x" * 47 + "…"),
    ],
)
def test_display_names(name: str, expected: str):
    assert display_name(name) == expected


@pytest.mark.parametrize("name", NAMES.values(), ids=NAMES)
def test_hostile_names_are_short_and_no_links(name: str):
    shown = display_name(name)

    assert links(shown) == []
    assert "=?" not in shown
    assert len(shown) <= MAX_LENGTH
    assert re.search(r"\d(?:[\s().+/-]*\d){6}", shown) is None
