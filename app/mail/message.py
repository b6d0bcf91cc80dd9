"""Build a message byte by byte, so that no text is decoded, folded or re-encoded on the way.

`email.message.EmailMessage` decodes encoded words in what it is given and folds the result, in
some versions of Python with its line breaks: a subject could add headers and a body.
"""

import base64
import quopri
import re
from dataclasses import dataclass
from email.utils import format_datetime, formataddr, parseaddr

from app.kit.addresses import is_unambiguous
from app.mail.outbox import Mail
from app.mail.verification import UnsafeMessageError, verify

MAX_SUBJECT = 150
MAX_BODY = 20_000
_MAX_LINE = 900  # RFC 5321 allows 998
# With the header's name, a line of encoded words has at most 76 characters (RFC 2047).
_WORD_BYTES = 39
# Short enough for a line of its own, so that it needs no folding.
_PLAIN = re.compile(r"[!-~](?:[ -~]{0,64}[!-~])?")


@dataclass(frozen=True, slots=True)
class Envelope:
    """A finished message, and the addresses that the mail server is told."""

    sender: str
    recipient: str
    content: bytes


def build(mail: Mail, sender: str) -> Envelope:
    """Return the message; a mail that is sent twice has the same Message-ID both times.

    Raise `UnsafeMessageError` if the message would not say exactly what was asked for.
    """
    name, address = parseaddr(sender)
    for value in (address, mail.recipient):
        if not is_unambiguous(value):
            raise UnsafeMessageError(f"{value[:254]!r} is not a plain address")
    subject = shorten_subject(mail.subject)
    body = mail.text if mail.text.endswith("\n") else f"{mail.text}\n"
    if len(body) > MAX_BODY:
        raise UnsafeMessageError(f"the body has more than {MAX_BODY} characters")
    encoding, encoded_body = _encode_body(body)
    # The values as a reader sees them; only the subject is text that users influence.
    headers = {
        "From": formataddr((name, address)),
        "To": mail.recipient,
        "Subject": subject,
        "Date": format_datetime(mail.created),
        "Message-ID": f"<{mail.id}@{address.rpartition('@')[2]}>",
        "Auto-Submitted": "auto-generated",
        "MIME-Version": "1.0",
        "Content-Type": 'text/plain; charset="utf-8"',
        "Content-Transfer-Encoding": encoding,
    }
    encoded = {**headers, "Subject": _encode_header(subject)}
    head = "".join(f"{key}: {value}\r\n" for key, value in encoded.items())
    content = head.encode("ascii", "replace") + b"\r\n" + encoded_body
    verify(content, headers=headers, body=body)
    return Envelope(sender=address, recipient=mail.recipient, content=content)


def shorten_subject(subject: str) -> str:
    """Return the subject as one line of at most `MAX_SUBJECT` characters."""
    line = " ".join(subject.split())
    return line if len(line) <= MAX_SUBJECT else f"{line[: MAX_SUBJECT - 1].rstrip()}\u2026"


def _encode_header(text: str) -> str:
    """Return text that every parser reads as that text: encoded words unless it is trivial."""
    if _PLAIN.fullmatch(text) and "=?" not in text:
        return text
    words: list[bytes] = [b""]
    for char in text:
        # A surrogate has no encoding; verification refuses what replaces it.
        encoded = char.encode("utf-8", "replace")
        if len(words[-1]) + len(encoded) > _WORD_BYTES:
            words.append(b"")
        words[-1] += encoded
    return "\r\n ".join(f"=?utf-8?b?{base64.b64encode(word).decode()}?=" for word in words)


def _encode_body(body: str) -> tuple[str, bytes]:
    """Return the transfer encoding, and the body in it."""
    lines = body.encode("utf-8", "replace")
    # Plain where possible, so that links stay whole in the files of development.
    encoding = "7bit"
    if not body.isascii() or any(len(line) > _MAX_LINE for line in body.split("\n")):
        encoding, lines = "quoted-printable", quopri.encodestring(lines)
    return encoding, lines.replace(b"\n", b"\r\n")
