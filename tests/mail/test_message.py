"""The messages that mail servers get, byte by byte."""

from datetime import UTC, datetime
from email.utils import getaddresses

import pytest
from pydantic import TypeAdapter, ValidationError

from app.kit.schemas import Name
from app.mail import message
from app.mail.outbox import Mail
from app.mail.verification import UnsafeMessageError
from app.settings import Settings
from tests.fix_service import SECRET_KEY
from tests.mail.hostile import ACCEPTED_ADDRESSES, NAMES, REFUSED_ADDRESSES, read_strictly

SENDER = "Tenantry <tenantry@example.org>"
NAME: TypeAdapter[str] = TypeAdapter(Name)


def build(
    *,
    subject: str = "Hello",
    text: str = "Hello\n",
    to: str = "ann@example.com",
    sender: str = SENDER,
) -> bytes:
    mail = Mail(
        id="01900000-0000-7000-8000-000000000000",
        recipient=to,
        subject=subject,
        text=text,
        attempts=1,
        created=datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC),
    )
    return message.build(mail, sender).content


def test_a_plain_message():
    """ASCII stays readable in the raw message."""
    assert build(text="Open\n\nhttp://a.example/#token=x\n").decode() == (
        "From: Tenantry <tenantry@example.org>\r\n"
        "To: ann@example.com\r\n"
        "Subject: Hello\r\n"
        "Date: Fri, 02 Jan 2026 03:04:05 +0000\r\n"
        "Message-ID: <01900000-0000-7000-8000-000000000000@example.org>\r\n"
        "Auto-Submitted: auto-generated\r\n"
        "MIME-Version: 1.0\r\n"
        'Content-Type: text/plain; charset="utf-8"\r\n'
        "Content-Transfer-Encoding: 7bit\r\n"
        "\r\n"
        "Open\r\n\r\nhttp://a.example/#token=x\r\n"
    )


@pytest.mark.parametrize("name", NAMES.values(), ids=NAMES)
def test_hostile_text_stays_text(name: str):
    """Headers and body say literally what they were given; nothing else appears."""
    headers, body = read_strictly(build(subject=f"About {name}", text=f"{name}\n.\n{name}"))

    assert headers["Subject"] == f"About {name}"
    assert headers["To"] == "ann@example.com"
    assert body.replace("\r\n", "\n") == f"{name}\n.\n{name}\n"


@pytest.mark.parametrize("address", ACCEPTED_ADDRESSES)
def test_unusual_addresses_stay_as_they_are(address: str):
    headers, _ = read_strictly(build(to=address))

    assert headers["To"] == address
    assert getaddresses([headers["To"]]) == [("", address)]


@pytest.mark.parametrize("address", [*REFUSED_ADDRESSES, "", "a@b, c@d", "é@example.com", "a"])
def test_ambiguous_addresses_are_never_mailed(address: str):
    with pytest.raises(UnsafeMessageError, match="is not a plain address"):
        build(to=address)


@pytest.mark.parametrize("text", ["a\x00b", "a\x1b[0m", "a\u2028b", "a\ud800b", "a\u202eb", "a\rb"])
def test_control_characters_are_never_mailed(text: str):
    """A carriage return too: enqueue() and names have none, and line ends are its only use."""
    with pytest.raises(UnsafeMessageError, match="the body has control characters"):
        build(text=text)


def test_subject_and_body_have_a_limit():
    headers, _ = read_strictly(build(subject="é" * 500))
    assert headers["Subject"] == "é" * 149 + "…"

    with pytest.raises(UnsafeMessageError, match="more than 20000 characters"):
        build(text="x" * 20_000)


def test_long_lines_are_wrapped_in_transit():
    """Mail servers may cut lines of more than 998 bytes."""
    raw = build(text="x" * 5000)

    assert max(map(len, raw.split(b"\r\n"))) < 100
    assert read_strictly(raw)[1].rstrip() == "x" * 5000


def mail_from(value: str) -> str:
    return Settings.model_validate({"secret_key": SECRET_KEY, "mail_from": value}).mail_from


@pytest.mark.parametrize(
    "value", ["Tenantry <t@localhost>", "t@example.org", '"Tenantry, Inc." <t@example.org>']
)
def test_senders(value: str):
    headers, _ = read_strictly(build(sender=mail_from(value)))

    assert headers["From"] == value


@pytest.mark.parametrize(
    "value",
    [
        "=?utf-8?q?x=0D=0ABcc:_e@evil.example?= <t@example.org>",
        "Tenantry <=?utf-8?q?x?=@example.org>",
        "Tenantry <t@exa>mple.org>",
        "Tenantry <t@example.org>\r\nBcc: e@evil.example",
        r'"Ten\"antry" <t@example.org>',
        "Tenantry <t@[127.0.0.1]>",
        "Tenantry <t@example.org\x00>",
        "Tenantry",
    ],
)
def test_ambiguous_senders_are_refused_at_the_start(value: str):
    with pytest.raises(ValidationError):
        mail_from(value)
