"""How names that users choose appear in mails."""

import re
import unicodedata

from app.kit.characters import has_control

MAX_LENGTH = 50
_ELLIPSIS = "\u2026"
# What a host name, an address, a scheme or a network path is recognised by. NFKC maps most
# look-alikes, such as the fullwidth dot, to these; IDNA takes the ideographic full stops for dots.
_LINKING = frozenset(".:@\\\u3002\uff61")
# Digits that a phone links as a number to call, with what people write between them.
_PHONE_NUMBER = re.compile(r"\d(?:[\W_xX]{0,4}\d){6,}")
_DIGITS_TOGETHER = 4
_EXTENDS = re.compile("[\u200c\u200d\ufe00-\ufe0f\U0001f3fb-\U0001f3ff\U000e0000-\U000e0fff]")


def display_name(name: str) -> str:
    """Return a name as one short line that no mail program makes a link of.

    A mail program makes a link of `evil.example/x`, `https://1249763844` or `\\\\host\\share`, and
    of nothing that has a space after each dot, colon, at sign and backslash: so they get one.
    ("J.R. Moon" becomes "J. R. Moon"; the recipient still sees what was chosen.) The same goes for
    `=?`, by which mail software decodes text that is meant literally. Seven digits or more get a
    dot after every fourth, so that they are no phone number. The result has at most
    `MAX_LENGTH` characters, of which the last is an ellipsis if it was cut.
    """
    line = " ".join("".join(" " if has_control(char) else char for char in name).split())
    return _shorten(_PHONE_NUMBER.sub(_break_up, "".join(_separate(line))))


def _separate(line: str) -> list[str]:
    parts: list[str] = []
    for place, char in enumerate(line):
        following = line[place + 1 : place + 2]
        parts.append(char)
        links = not _LINKING.isdisjoint(unicodedata.normalize("NFKC", char))
        encodes = char + following in ("=?", "?=")
        if following.strip() and (links or encodes):
            parts.append(" ")
    return parts


def _break_up(number: re.Match[str]) -> str:
    parts: list[str] = []
    digits = 0
    for char in number[0]:
        if char.isdecimal():
            if digits and digits % _DIGITS_TOGETHER == 0:
                parts.append(" \u00b7 ")
            digits += 1
        parts.append(char)
    return " ".join("".join(parts).split())


def _shorten(line: str) -> str:
    if len(line) <= MAX_LENGTH:
        return line
    end = MAX_LENGTH - len(_ELLIPSIS)
    # A cut inside a character that is composed of several would show another one.
    while end > 1 and _continues(line[end - 1], line[end]):
        end -= 1
    return line[:end].rstrip("".join(_LINKING) + " ") + _ELLIPSIS


def _continues(before: str, char: str) -> bool:
    return (
        before == "\u200d"
        or unicodedata.category(char)[0] == "M"
        or _EXTENDS.match(char) is not None
    )
