"""Any text as a name, a subject, a body or a sender: generated examples."""

from email.utils import parseaddr

import pytest

pytest.importorskip("hypothesis", reason='it comes with `pip install -e ".[dev]"`')

from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter, ValidationError

from app.kit.schemas import Name
from app.mail import message
from app.mail.names import MAX_LENGTH, display_name
from app.mail.verification import UnsafeMessageError
from tests.mail.hostile import links, read_strictly
from tests.mail.test_message import build, mail_from

NAME: TypeAdapter[str] = TypeAdapter(Name)


@given(st.text() | st.from_regex(r"[a-z.:/\\@?=。．․ ]{1,120}", fullmatch=True))
def test_no_name_is_a_link(name: str):
    """It stays one line, whatever the name is; showing it again changes nothing."""
    shown = display_name(name)

    assert links(shown) == []
    assert len(shown) <= MAX_LENGTH
    assert len(shown.splitlines()) <= 1
    assert display_name(shown) == shown


@given(st.text(min_size=1, max_size=100))
def test_every_valid_name_can_be_mailed(name: str):
    """The verification stops no message whose texts are valid."""
    try:
        name = NAME.validate_python(name)
    except ValidationError:
        return
    headers, body = read_strictly(build(subject=name, text=name))

    assert headers["Subject"] == " ".join(name.split())
    assert body.rstrip("\r\n") == name


@given(st.text(st.sampled_from("=?utf-8qb_0DAé\r\n :<>@x.\u200d👩"), max_size=200))
def test_no_text_changes_the_structure(text: str):
    """It is mailed as it is, or the message is refused."""
    try:
        raw = build(subject=text, text=text)
    except UnsafeMessageError:
        assert "\r" in text
        return
    headers, body = read_strictly(raw)
    assert " ".join(headers["Subject"].split()) == message.shorten_subject(text)
    assert body.replace("\r\n", "\n") == (text if text.endswith("\n") else f"{text}\n")


@given(st.from_regex(r"[ -~]{0,20}<?[a-z@.=?]{1,20}>?", fullmatch=True))
def test_every_valid_sender_can_be_used(value: str):
    """What MAIL_FROM accepts never stops a mail; the Message-ID ends with its domain."""
    try:
        sender = mail_from(value)
    except ValidationError:
        return
    headers, _ = read_strictly(build(sender=sender))

    address = parseaddr(sender)[1]
    assert parseaddr(headers["From"])[1] == address
    assert headers["Message-ID"].endswith(f"@{address.rpartition('@')[2]}>")
