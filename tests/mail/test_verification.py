"""The check of finished messages, by itself: bad messages that no builder of ours makes."""

import pytest

from app.mail.verification import UnsafeMessageError, verify

HEADERS = {
    "From": "Tenantry <tenantry@example.org>",
    "To": "ann@example.com",
    "Subject": "Invitation to Grüße",
    "Content-Type": 'text/plain; charset="utf-8"',
    "Content-Transfer-Encoding": "quoted-printable",
}
BODY = "Grüße,\n\tcome.\n"
GOOD = (
    b"From: Tenantry <tenantry@example.org>\r\n"
    b"To: ann@example.com\r\n"
    b"Subject: =?utf-8?b?SW52aXRhdGlvbiB0byBH?=\r\n"
    b" =?utf-8?b?csO8w59l?=\r\n"
    b'Content-Type: text/plain; charset="utf-8"\r\n'
    b"Content-Transfer-Encoding: quoted-printable\r\n"
    b"\r\n"
    b"Gr=C3=BC=C3=9Fe,\r\n\tcome.\r\n"
)


def test_a_good_message():
    verify(GOOD, headers=HEADERS, body=BODY)


def changed(old: bytes, new: bytes) -> bytes:
    assert GOOD.count(old) == 1
    return GOOD.replace(old, new)


@pytest.mark.parametrize(
    "content",
    [
        pytest.param(
            # What EmailMessage of Python 3.11.7 and 3.12.1 writes for a workspace that is named
            # =?utf-8?q?x=0D=0AContent-Type:_text/html=0D=0A=0D=0A<h1>...?=
            changed(
                b"Subject: ", b"Subject: x\r\nContent-Type: text/html\r\n\r\n<h1>Log in</h1>\r\n"
            ),
            id="a body out of the subject",
        ),
        pytest.param(changed(b"To: ", b"From: bank@evil.example\r\nTo: "), id="a second From"),
        pytest.param(changed(b"To: ", b"Bcc: eve@evil.example\r\nTo: "), id="a Bcc"),
        pytest.param(changed(b"To: ", b"bcc:eve@evil.example\r\nTo: "), id="a Bcc without a space"),
        pytest.param(changed(b"\r\n\r\n", b"\r\nX: y\r\n\r\n"), id="a header at the end"),
        pytest.param(b"X: y\r\n" + GOOD, id="a header at the start"),
        pytest.param(b"\r\n" + GOOD, id="an empty line first"),
        pytest.param(changed(b"To: ann@example.com\r\n", b""), id="no To"),
        pytest.param(changed(b"To: ann@", b"To: eve@"), id="another recipient"),
        pytest.param(
            changed(b"To: ann@example.com", b"To: ann@example.com, eve@evil.example"),
            id="two recipients",
        ),
        pytest.param(
            changed(b"To: ann@example.com", b"To: =?utf-8?q?ann?=@example.com"),
            id="an encoded recipient",
        ),
        pytest.param(changed(b"csO8w59l", b"csO8w59m"), id="another subject"),
        pytest.param(changed(b"csO8w59l", b"DQpYOiB5"), id="a line break in the subject"),
        pytest.param(changed(b"=?utf-8?b?csO8", b"=?evil?b?csO8"), id="an unknown charset"),
        pytest.param(changed(b"text/plain", b"text/html"), id="HTML"),
        pytest.param(
            changed(b"text/plain", b"multipart/mixed; boundary=x"), id="several parts"
        ),
        pytest.param(changed(b"utf-8\"", b"utf-7\""), id="another charset"),
        pytest.param(changed(b"quoted-printable", b"base64"), id="another encoding"),
        pytest.param(changed(b"come", b"go"), id="another body"),
        pytest.param(GOOD + b"more\r\n", id="a longer body"),
        pytest.param(GOOD[: -len(b"\tcome.\r\n")], id="a shorter body"),
        pytest.param(changed(b"com\r\nSubject", b"com\nSubject"), id="a lone LF"),
        pytest.param(changed(b"com\r\nSubject", b"com\rX: y\r\nSubject"), id="a lone CR"),
        pytest.param(changed(b"come", b"co\x00me"), id="a NUL"),
        pytest.param(changed(b"come", "cömé".encode()), id="eight bits in the body"),
        pytest.param(changed(b"Subject: ", "Subject: ü ".encode()), id="eight bits in the head"),
        pytest.param(changed(b" =?utf-8?b?csO8", b"\t=?utf-8?b?csO8"), id="a tab in the head"),
        pytest.param(changed(b"Tenantry <", b"Tenantry" + b" " * 999 + b"<"), id="a long line"),
        pytest.param(GOOD + b"=\r\n" * 2 + b" " * 1000, id="a long line in the body"),
        pytest.param(GOOD.replace(b"\r\n\r\n", b"\r\n"), id="no end of the head"),
        pytest.param(b"", id="nothing"),
    ],
)  # fmt: skip
def test_any_difference_is_found(content: bytes):
    with pytest.raises(UnsafeMessageError):
        verify(content, headers=HEADERS, body=BODY)


def test_every_other_byte_is_found():
    """No change of a single byte to a line break passes."""
    for place in range(len(GOOD)):
        for byte in (b"\r", b"\n", b"\r\n", b"\r\n\r\n", b"\r\nBcc: "):
            content = GOOD[:place] + byte + GOOD[place:]
            if content.replace(b"\r\n", b"\n").partition(b"\n\n")[2].startswith(b"Gr=C3"):
                with pytest.raises(UnsafeMessageError):
                    verify(content, headers=HEADERS, body=BODY)


@pytest.mark.parametrize("value", ["Hi\r\nBcc: eve@evil.example", "Hi\x00", "\u202eHi", "\u2028"])
def test_control_characters_are_refused_whoever_asks(value: str):
    """They are refused even if the message contains exactly what was asked for."""
    with pytest.raises(UnsafeMessageError, match="Subject has control characters"):
        verify(GOOD, headers={**HEADERS, "Subject": value}, body=BODY)
    with pytest.raises(UnsafeMessageError, match="the body has control characters"):
        verify(GOOD, headers=HEADERS, body=f"{value}\r")


def test_the_reason_has_no_text_of_the_mail():
    """It goes into the log, and mails have tokens."""
    with pytest.raises(UnsafeMessageError) as caught:
        verify(changed(b"come", b"s3cret"), headers=HEADERS, body=BODY)
    assert str(caught.value) == "the body differs"
