"""What names, texts and addresses may contain."""

import unicodedata
from typing import Any

import pytest
from pydantic import TypeAdapter, ValidationError

from app.kit import addresses, characters
from app.kit.schemas import Email, Name, Text

NAME: TypeAdapter[str] = TypeAdapter(Name)
TEXT: TypeAdapter[str] = TypeAdapter(Text)
EMAIL: TypeAdapter[str] = TypeAdapter(Email)

ENGLAND = "\U0001f3f4\U000e0067\U000e0062\U000e0065\U000e006e\U000e0067\U000e007f"


def problem(adapter: TypeAdapter[Any], value: str) -> str:
    with pytest.raises(ValidationError) as caught:
        adapter.validate_python(value)
    return caught.value.errors()[0]["msg"].removeprefix("Value error, ")


class TestNames:
    @pytest.mark.parametrize(
        "value",
        [
            pytest.param("\u3164", id="Hangul filler"),
            pytest.param("\uffa0", id="halfwidth Hangul filler"),
            pytest.param("\u115f\u1160", id="Hangul choseong and jungseong fillers"),
            pytest.param("\u2800\u2800", id="blank Braille pattern"),
            pytest.param("\u200b", id="zero width space"),
            pytest.param("\u200d", id="zero width joiner"),
            pytest.param("\u2060", id="word joiner"),
            pytest.param("\u2063", id="invisible separator"),
            pytest.param("\ufeff", id="byte order mark"),
            pytest.param("\u00ad", id="soft hyphen"),
            pytest.param("\u034f", id="combining grapheme joiner"),
            pytest.param("\u17b4", id="Khmer inherent vowel"),
            pytest.param("\u180e", id="Mongolian vowel separator"),
            pytest.param("\ufe0f", id="variation selector"),
            pytest.param("\U000e0100", id="ideographic variation selector"),
            pytest.param("\U000e0041\U000e0042", id="tags"),
            pytest.param("\U0001d159", id="null notehead"),
            pytest.param("\U0001d173", id="musical begin beam"),
            pytest.param("\U00016fe4", id="Khitan filler"),
            pytest.param("\ufffc", id="object replacement"),
            pytest.param("\u0301", id="combining accent without a letter"),
            pytest.param("\u3000\u3164\u2800 \u200d\ufe0f", id="several kinds"),
            pytest.param("\ue000", id="private use"),
        ],
    )
    def test_something_must_be_visible(self, value: str):
        assert problem(NAME, value) == "must contain at least one visible character"

    @pytest.mark.parametrize(
        "value",
        [
            pytest.param("Moon\u200b", id="zero width space"),
            pytest.param("Mo\u2060on", id="word joiner"),
            pytest.param("\ufeffMoon", id="byte order mark"),
            pytest.param("Mo\u00adon", id="soft hyphen"),
            pytest.param("Moon\u3164", id="Hangul filler"),
            pytest.param("\u200dMoon", id="joiner of nothing"),
            pytest.param("Mo \u200don", id="joiner after a space"),
            pytest.param("Moon\u200d\u200d", id="two joiners"),
            pytest.param("Moon\ufe0f\ufe0f", id="two variation selectors"),
            pytest.param("\u200f\u200fMoon", id="two marks of direction"),
            pytest.param("Moon\U000e0068\U000e0069", id="hidden tags"),
            pytest.param("\U0001f3f4\U000e0067", id="flag without an end"),
            pytest.param("\U0001f3f4" + 7 * "\U000e0067" + "\U000e007f", id="overlong flag"),
        ],
    )
    def test_invisible_characters_without_effect_are_refused(self, value: str):
        expected = "must not contain unnecessary invisible characters"
        assert problem(NAME, value) == expected

    @pytest.mark.parametrize(
        "value", ["Mo\x00on", "Mo\non", "Mo\u2028on", "\u202eMoon", "a\u2066b"]
    )
    def test_control_characters_are_refused(self, value: str):
        assert problem(NAME, value) == "must not contain control characters"

    @pytest.mark.parametrize(
        "value",
        [
            pytest.param("می\u200cخواهم", id="Persian with a non-joiner"),
            pytest.param("ක්\u200dෂ", id="Sinhala with a joiner"),
            pytest.param("র\u200d্যাব", id="Bengali with a joiner"),
            pytest.param("👩\u200d👩\u200d👧", id="family"),
            pytest.param("❤\ufe0f\u200d🔥", id="selector and joiner"),
            pytest.param("1\ufe0f\u20e3 place", id="keycap"),
            pytest.param("🏳\ufe0f\u200d🌈 Team", id="rainbow flag"),
            pytest.param(ENGLAND, id="flag of England"),
            pytest.param("葛\U000e0100城", id="ideographic variation"),
            pytest.param("\u200fמשרד ABC\u200e 1", id="marks of direction"),
            pytest.param("ᠪ\u180bᠠ", id="Mongolian"),
            pytest.param("Zoë", id="Latin"),
            pytest.param("Zoe\u0308 🇩🇪 — №7 «x»", id="marks, flags and signs"),
            pytest.param("=?utf-8?q?x?=", id="encoded word"),
            pytest.param("https://example.com", id="URL"),
            pytest.param("!", id="one sign"),
        ],
    )
    def test_names_of_all_scripts_are_accepted(self, value: str):
        """They are stored unchanged, apart from Unicode's composed form."""
        assert NAME.validate_python(value) == unicodedata.normalize("NFC", value)

    def test_every_character_is_classified(self):
        """No ignorable, separating or unassigned character counts as visible."""
        visible = [char for char in map(chr, range(0x110000)) if characters.is_visible(char)]

        assert not [char for char in visible if unicodedata.category(char)[0] in "CMZ"]
        names = {unicodedata.name(char, "") for char in visible if char.isalpha()}
        assert not [name for name in names if "FILLER" in name or "BLANK" in name]


class TestTexts:
    def test_several_lines(self):
        assert TEXT.validate_python("One\r\n\ttwo\n\u200bthree") == "One\r\n\ttwo\n\u200bthree"

    @pytest.mark.parametrize("value", ["a\rb", "a\x0bb", "a\u2028b", "a\x1b[0m", "\u202eb"])
    def test_control_characters_are_refused(self, value: str):
        assert problem(TEXT, value) == "must not contain control characters"


class TestAddresses:
    @pytest.mark.parametrize(
        ("value", "expected"),
        [
            ("Ann@Example.COM", "ann@example.com"),
            (" ann+tag@example.com ", "ann+tag@example.com"),
            ("bounce+ann=example.com@example.org", "bounce+ann=example.com@example.org"),
            ("o'brien@example.com", "o'brien@example.com"),
            ("c=it/o=acme@example.com", "c=it/o=acme@example.com"),
            ("ann@bücher.example", "ann@xn--bcher-kva.example"),
            ("ann@ｅｘａｍｐｌｅ。com", "ann@example.com"),
        ],
    )
    def test_addresses_have_one_form(self, value: str, expected: str):
        assert EMAIL.validate_python(value) == expected

    @pytest.mark.parametrize(
        "value",
        [
            "=?utf-8?q?victim?=@example.com",
            "=?utf-8?q?caf=c3=a9?=@example.com",
            "=?UTF-8?B?dmljdGlt?=@example.com",
            "victim?=@example.com",
            "victim%example.org@example.com",
            "example.org!victim@example.com",
            "|program@example.com",
            "`program`@example.com",
        ],
    )
    def test_ambiguous_local_parts_are_refused(self, value: str):
        assert problem(EMAIL, value) == "must not contain ! % ? | or ` before the @"

    def test_a_long_local_part_is_refused(self):
        expected = "must have at most 64 characters before the @"
        assert problem(EMAIL, f"{'a' * 65}@example.com") == expected
        assert EMAIL.validate_python(f"{'a' * 64}@example.com")

    def test_only_ascii_before_the_at(self):
        assert problem(EMAIL, "café@example.com") == "must have only ASCII characters before the @"

    @pytest.mark.parametrize(
        "value",
        [
            "Ann <ann@example.com>",
            "<ann@example.com>",
            "ann@example.com (Ann)",
            "ann@example.com, ben@example.com",
            '"ann"@example.com',
            "ann@[127.0.0.1]",
            "ann@example.com\r\nBcc: ben@example.com",
            "ann@=?utf-8?q?example?=.com",
            "ann",
            "@example.com",
            "a..b@example.com",
            f"a@{'b.' * 126}com",
        ],
    )
    def test_anything_but_an_address_is_refused(self, value: str):
        message = problem(EMAIL, value)
        assert message.startswith("is not a valid e-mail address: ") or "254" in message


@pytest.mark.parametrize(
    "address",
    [
        "",
        "a@b\n",
        "a@b.com\r\nX: y",
        "a@-b.com",
        "a@b-.com",
        "a@b..com",
        "a b@c.com",
        ".a@b.com",
        "a.@b.com",
        "a@@b.com",
        "é@b.com",
        "a@é.com",
        "a\u0131@b.com",
    ],
)
def test_the_address_check_of_outgoing_mail(address: str):
    """The last check before a mail is built trusts no earlier one."""
    assert not addresses.is_unambiguous(address)
