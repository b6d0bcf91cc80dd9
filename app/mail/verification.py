"""Verify a finished message: it has exactly the headers and the body that were asked for.

This trusts nothing that built the message. It reads the bytes as a strict reader does, and as
Python's own parsers do, legacy and modern; where they disagree, the message is not sent.
"""

import re
from collections.abc import Mapping
from email import message_from_bytes, policy
from email.header import decode_header, make_header
from email.message import EmailMessage, Message
from email.utils import getaddresses

from app.kit.characters import has_control

_LINE = re.compile(rb"[\x20-\x7e]{1,998}")
_HEADER = re.compile(rb"([!-9;-~]+): (.*)")
_ADDRESSES = frozenset({"From", "To"})


class UnsafeMessageError(Exception):
    """A message that differs from what was asked for; sending it again would change nothing."""


def verify(content: bytes, *, headers: Mapping[str, str], body: str) -> None:
    """Raise `UnsafeMessageError` unless the message has these headers, in this order, and body.

    The values are the decoded ones, as a reader sees them.
    """
    expected = list(headers.items())
    for name, value in expected:
        if has_control(value):
            raise UnsafeMessageError(f"{name} has control characters")
    if has_control(body.replace("\n", " ").replace("\t", " ")):
        raise UnsafeMessageError("the body has control characters")
    _compare("a strict reader", _read_headers(content), expected)

    legacy = message_from_bytes(content)
    _compare(
        "the legacy parser", [(key, _decode(value)) for key, value in legacy.items()], expected
    )
    modern = message_from_bytes(content, policy=policy.default)
    _compare("the parser", [(key, str(value)) for key, value in modern.items()], expected)
    for message in (legacy, modern):
        _verify_addresses(message, headers)
    _verify_body(modern, body)


def _read_headers(content: bytes) -> list[tuple[str, str]]:
    """Return the headers, unfolded and decoded; accept only what this service writes."""
    if re.search(rb"\r(?!\n)|(?<!\r)\n", content):
        raise UnsafeMessageError("a line ends with a lone CR or LF")
    head, separator, body = content.partition(b"\r\n\r\n")
    if not separator or not head:
        raise UnsafeMessageError("the headers do not end")
    if not re.fullmatch(rb"[\x20-\x7e\t\r\n]*", body):
        raise UnsafeMessageError("the body is not ASCII")
    if any(len(line) > 998 for line in body.split(b"\r\n")):
        raise UnsafeMessageError("a line of the body is too long")
    unfolded: list[bytes] = []
    for line in head.split(b"\r\n"):
        if not _LINE.fullmatch(line):
            raise UnsafeMessageError("a header is not ASCII, or too long")
        if line.startswith(b" ") and unfolded and line.strip():
            unfolded[-1] += line
        else:
            unfolded.append(line)
    headers: list[tuple[str, str]] = []
    for line in unfolded:
        match = _HEADER.fullmatch(line)
        if match is None:
            raise UnsafeMessageError("a header line is malformed")
        headers.append((match[1].decode(), _decode(match[2].decode())))
    return headers


def _decode(value: object) -> str:
    try:
        return str(make_header(decode_header(str(value))))
    except (ValueError, LookupError) as error:
        raise UnsafeMessageError("a header cannot be decoded") from error


def _compare(reader: str, found: list[tuple[str, str]], expected: list[tuple[str, str]]) -> None:
    if [key for key, _ in found] != [key for key, _ in expected]:
        raise UnsafeMessageError(f"{reader} finds other headers: {[key for key, _ in found]}"[:500])
    for (key, value), (_, wanted) in zip(found, expected, strict=True):
        if value != wanted:
            raise UnsafeMessageError(f"{reader} finds another {key}")


def _verify_addresses(message: "Message[str, str]", headers: Mapping[str, str]) -> None:
    for key in _ADDRESSES & headers.keys():
        if getaddresses(message.get_all(key, [])) != getaddresses([headers[key]]):
            raise UnsafeMessageError(f"{key} is read as another address")


def _verify_body(message: EmailMessage, body: str) -> None:
    if message.is_multipart() or message.defects:
        raise UnsafeMessageError("the message is malformed or has several parts")
    if message.get_content_type() != "text/plain" or message.get_content_charset() != "utf-8":
        raise UnsafeMessageError("the message is not plain text in UTF-8")
    payload = message.get_payload(decode=True)
    if not isinstance(payload, bytes):
        raise UnsafeMessageError("the body cannot be decoded")
    if payload.replace(b"\r\n", b"\n") != body.encode("utf-8", "surrogatepass"):
        raise UnsafeMessageError("the body differs")
