"""Tags that go along with statements, as comments in the form of sqlcommenter.

    with tagged(route="/v1/me"):
        await db.user.find_many()      # SELECT ... /*route='%2Fv1%2Fme'*/

They show up where the server shows a statement: in its log, in pg_stat_activity, in what a provider
makes of these. `traceparent=True` adds the position in the trace, if there is one.
"""

from __future__ import annotations

import re
import sys
from contextlib import AbstractContextManager
from contextvars import ContextVar, Token
from typing import Any, Final, NamedTuple, cast
from urllib.parse import quote

_REMEMBERED: Final = 4_096
_TAGS: Final = re.compile(r"(?:[\w.~%-]*='[\w.~%-]*',?)+\*/", re.ASCII)


class Tags(NamedTuple):
    """The tags of now, and as the comment that they make."""

    values: dict[str, str]
    traceparent: bool
    comment: str


_current: Final[ContextVar[Tags | None]] = ContextVar("prisma_wasm_tags", default=None)
current = _current.get

# Tagged statements that ran before, by their hashes: see `is_worth_keeping`.
_seen: set[int] = set()


def tagged(*, traceparent: bool = False, **tags: str) -> AbstractContextManager[None]:
    """A block whose statements have these tags, and those of the blocks around it."""
    for name, value in cast("dict[str, object]", tags).items():  # not every caller has a checker
        if not isinstance(value, str):
            kind = type(value).__name__
            raise TypeError(f"The value of the tag `{name}` must be a str, not {kind}.")
    return _Tagged(tags, traceparent=traceparent)


class _Tagged(AbstractContextManager[None]):
    __slots__ = ("_tags", "_token", "_traceparent")

    def __init__(self, tags: dict[str, str], *, traceparent: bool) -> None:
        self._tags = tags
        self._traceparent = traceparent
        self._token: Token[Tags | None] | None = None

    def __enter__(self) -> None:
        if self._token is not None:
            raise RuntimeError("Tags are entered once: call tagged() for each `with`.")
        outer = current()
        values = self._tags if outer is None else outer.values | self._tags
        traceparent = self._traceparent or (outer is not None and outer.traceparent)
        self._token = _current.set(Tags(values, traceparent, _comment(values)))

    def __exit__(self, *_: object) -> None:
        _current.reset(cast("Token[Tags | None]", self._token))


def with_tags(tags: Tags, sql: str, *, raw: bool) -> str:
    """The statement with its tags; one that has comments of its caller's stays as it is."""
    if raw and ("/*" in sql or "--" in sql):
        return sql
    parent = traceparent() if tags.traceparent else None
    comment = _comment({**tags.values, "traceparent": parent}) if parent else tags.comment
    return f"{sql} {comment}" if comment else sql


def without_tags(sql: str) -> str:
    """The statement that `with_tags` made a tagged one of, or the same one if it made none."""
    if not sql.endswith("*/"):
        return sql
    statement, _, comment = sql.rpartition(" /*")
    if _TAGS.fullmatch(comment) is None or "/*" in statement or "--" in statement:
        return sql
    return statement


def is_worth_keeping(sql: str) -> bool:
    """Whether a tagged statement shall stay prepared: from its second use on.

    Tags that hardly repeat, such as a user's id or a traceparent, then leave the statements alone
    that a connection keeps.
    """
    key = hash(sql)
    if key in _seen:
        return True
    if len(_seen) >= _REMEMBERED:
        _seen.clear()
    _seen.add(key)
    return False


def traceparent() -> str | None:
    """The position in the trace, as W3C's Trace Context writes it; None outside of a trace."""
    trace: Any = sys.modules.get("opentelemetry.trace")
    if trace is None:
        return None
    position = trace.get_current_span().get_span_context()
    if not position.is_valid:
        return None
    return f"00-{position.trace_id:032x}-{position.span_id:016x}-{position.trace_flags:02x}"


def _comment(tags: dict[str, str]) -> str:
    # Everything but letters, digits and `_.-~` is encoded: no value can end the comment.
    pairs = [f"{_encoded(name)}='{_encoded(value)}'" for name, value in sorted(tags.items())]
    return f"/*{','.join(pairs)}*/" if pairs else ""


def _encoded(text: str) -> str:
    return quote(text, safe="", errors="replace")
