"""Hostile names and addresses, and a strict reader of the mails that they reach."""

import re
from email import message_from_bytes, policy

HEADERS = [
    "From",
    "To",
    "Subject",
    "Date",
    "Message-ID",
    "Auto-Submitted",
    "MIME-Version",
    "Content-Type",
    "Content-Transfer-Encoding",
]

# Names that the API accepts, of which a careless sender makes headers, bodies or links.
NAMES = {
    "body": "=?utf-8?q?x=0D=0AContent-Type:_text/html=0D=0A=0D=0A<h1>evil.example</h1>?=",
    "second From": "=?utf-8?q?x=0AFrom:_bank_<bank@evil.example>?=",
    "Bcc in base64": "=?utf-8?b?eA0KQmNjOiBldmVAZXZpbC5leGFtcGxl?=",
    "lone CR": "=?iso-8859-1?q?x=0DBcc:_eve@evil.example?=",
    "UTF-7": "=?utf-7?q?+AA0ACg-Bcc:_eve@evil.example?=",
    "unknown charset": "=?evil?q?x=0D=0ABcc:_eve@evil.example?=",
    "two words": "=?utf-8?q?a=0D=0A?= =?utf-8?q?Bcc:_eve@evil.example?=",
    "half a word": "=?utf-8?q?x=0D=0ABcc: eve@evil.example",
    "long words": "é" * 45 + " =?utf-8?q?=0D=0ABcc:_eve@evil.example?=",
    "URL": "https://evil.example/log-in?next=#token=evil",
    "host": "evil.example/pay",
    "www": "www.evil.example",
    "fullwidth host": "ｗｗｗ．evil．example",
    "ideographic dot": "evil。example",
    "integer host": "http://1249763844/evil.example",
    "address": "Bank <mailto:bank@evil.example>",
    "HTML": "<a href='//evil.example'>Log in</a>",
    "quotes": '"; Bcc: eve@evil.example; "',
    "joiners": "❤\ufe0f\u200d🔥" * 16 + "evil.example",
    "long": "x" * 80 + ".evil.example",
}
ACCEPTED_ADDRESSES = [
    "caf=c3=a9@example.com",
    "a=0d=0abcc=3a@example.com",
    "o'brien+x={y}@example.com",
    "a#b&c$d*e/f^g_h{i}~j@example.com",
]
REFUSED_ADDRESSES = [
    "=?utf-8?q?victim?=@example.com",
    "=?utf-8?q?caf=c3=a9?=@example.com",
    "=?utf-8?b?dmljdGlt?=@example.com",
    "=?utf-8?q?victim=40evil.example=3e?=@example.com",
    "Victim <victim@example.com>",
    "victim@example.com\r\nBcc: eve@evil.example",
]
_LINK = re.compile(
    r"(?:[a-z][a-z0-9+.-]*:[^\s\"]|www\.\S|\\\\|[^\s@\"]+[.。．｡@][^\s.\"])\S*", re.IGNORECASE
)


def read_strictly(raw: bytes) -> tuple[dict[str, str], str]:
    """Return the decoded headers and the body; fail unless exactly the usual headers are there.

    It reads the lines as they are, and as Python's default parser does.
    """
    assert b"\r" not in raw.replace(b"\r\n", b"")
    head, _, _ = raw.replace(b"\r\n", b"\n").partition(b"\n\n")
    lines = head.decode("ascii").split("\n")
    assert all(line.isprintable() and line.strip() and len(line) <= 100 for line in lines), lines
    names = [line.partition(":")[0] for line in lines if not line.startswith(" ")]
    assert names == HEADERS

    message = message_from_bytes(raw, policy=policy.default)
    assert message.keys() == HEADERS
    assert not message.defects
    assert not [defect for value in message.values() for defect in value.defects]
    assert message.get_content_type() == "text/plain"
    assert not message.is_multipart()
    return {key: str(value) for key, value in message.items()}, message.get_content()


def links(text: str) -> list[str]:
    """Return what a mail program may turn into links."""
    return [found[0] for found in _LINK.finditer(text)]
