"""Which characters a reader can see, and where invisible ones are legitimate."""

import re
import unicodedata

# Unicode's Default_Ignorable_Code_Point, and the interlinear annotation characters.
_IGNORABLE = (
    "\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f\u202a-\u202e"
    "\u2060-\u206f\u3164\ufe00-\ufe0f\ufeff\uffa0\ufff0-\ufffb"
    "\U0001bca0-\U0001bca3\U0001d173-\U0001d17a\U000e0000-\U000e0fff"
)
_INVISIBLE = re.compile(f"[{_IGNORABLE}]")
# Letters and symbols by category that are blank: the Braille pattern without dots, the null
# notehead, blank hieroglyphs, and the object replacement character.
_BLANK = frozenset("\u2800\U0001d159\U00013441\U00013442\ufffc")
# Embeddings, overrides and isolates also change the direction of the text that follows.
_BIDI = re.compile("[\u202a-\u202e\u2066-\u2069]")
_CONTROL = frozenset({"Cc", "Cs", "Zl", "Zp"})

# Invisible characters that change what is seen before or after them.
_SELECTORS = "\u180b-\u180d\u180f\ufe00-\ufe0f\U000e0100-\U000e01ef"  # the variant of a character
_JOINERS = "\u200c\u200d"  # of Persian and Indic scripts, and of emoji
_MARKS_OF_DIRECTION = "\u061c\u200e\u200f"
_LEGITIMATE = re.compile(
    # The flags of England, Scotland and Wales are spelled in tag characters.
    "\U0001f3f4[\U000e0020-\U000e007e]{1,6}\U000e007f"
    f"|[^\\s{_IGNORABLE}][{_SELECTORS}]?[{_JOINERS}]?"
    f"|[{_MARKS_OF_DIRECTION}](?![{_IGNORABLE}])"
    "|\\s"
)


def has_control(value: str) -> bool:
    """Return whether the value has control characters, or characters that reorder other text."""
    return _BIDI.search(value) is not None or any(
        unicodedata.category(char) in _CONTROL for char in value
    )


def is_visible(char: str) -> bool:
    """Return whether the character by itself leaves a mark: a letter, digit, sign or symbol."""
    return (
        unicodedata.category(char)[0] in "LNPS"
        and char not in _BLANK
        and _INVISIBLE.match(char) is None
    )


def has_misplaced_invisible(value: str) -> bool:
    """Return whether the value has invisible characters where they change nothing that is seen.

    Allowed: one joiner and one variation selector after a character, one mark of direction, and the
    tags of a flag.
    """
    return _INVISIBLE.search(value) is not None and _LEGITIMATE.sub("", value) != ""
