"""Limits of a JSON document, checked on its bytes: a parser would already have built it.

Reading 64 KiB of nested lists, or naming each of thousands of unknown fields, keeps the event loop
busy for longer than hundreds of ordinary requests do.
"""

from app.http.problems import Problem

MAX_JSON_DEPTH = 32
# Members of objects, items of lists, and the objects and lists themselves, together.
MAX_JSON_VALUES = 500

_STRUCTURE = b"{}[],"
_OTHER = bytes(byte for byte in range(256) if byte not in _STRUCTURE)


def check_json(
    document: bytes, *, max_depth: int = MAX_JSON_DEPTH, max_values: int = MAX_JSON_VALUES
) -> None:
    """Raise a Problem if a document nests too deeply or has too many values.

    Whether it is valid is for the parser to say.
    """
    if b"\0" in document:  # UTF-16 and UTF-32, which the parser would accept, need it
        raise Problem(400, "body_not_utf8", "JSON must be encoded as UTF-8.")
    if _count(document) <= min(max_depth, max_values):  # even if strings hold none of them
        return
    # Escaped backslashes first: what follows one is not escaped.
    plain = document.replace(b"\\\\", b"").replace(b'\\"', b"")
    # Each value has two strings at most, its key and itself. Refusing more before splitting costs
    # less than parsing them would.
    if plain.count(b'"') > 4 * max_values:
        raise _too_complex(f"has more than {max_values} values")
    # An unclosed string ends with the document.
    structure = b"".join(plain.split(b'"')[::2]).translate(None, _OTHER)
    if _count(structure) > max_values:
        raise _too_complex(f"has more than {max_values} values")
    depth = 0
    for byte in structure:
        if byte in b"{[":
            depth += 1
            if depth > max_depth:
                raise _too_complex(f"is nested more than {max_depth} levels deep")
        elif byte in b"}]":
            depth -= 1
            if depth < 0:  # the parser refuses it here
                return


def _count(text: bytes) -> int:
    return text.count(b"{") + text.count(b"[") + text.count(b",")


def _too_complex(what: str) -> Problem:
    return Problem(422, "body_too_complex", f"The JSON body {what}.")
