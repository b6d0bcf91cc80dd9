"""PostgreSQL's errors as Prisma's: a table from SQLSTATE to code, message and details."""

from __future__ import annotations

import re
import ssl
from collections.abc import Callable
from typing import Final

from prisma_wasm.asyncpg_internals import is_without_tls
from prisma_wasm.driver import CONNECTION_GONE, INTERFACE_ERROR, DatabaseError, as_database_error
from prisma_wasm.errors import QueryError
from prisma_wasm.tls import tls_failed

_NOT_AVAILABLE: Final = "(not available)"
_KEY: Final = re.compile(r"Key \((.+)\)=\(", re.DOTALL)
_QUOTED: Final = re.compile(r'"((?:[^"]|"")*)"')

READ_ONLY: Final = "25006"
# Classes of SQLSTATE that mean that the server, not the query, is the matter.
_SHUTTING_DOWN: Final = frozenset({"57P01", "57P02", "57P03", "57P04", "57P05", "25P03"})


def translate(error: DatabaseError) -> QueryError:
    """The error of a query that Prisma wrote."""
    return _known(error) or QueryError(None, execution_message(error))


def translate_raw(error: DatabaseError) -> QueryError:
    """The error of a query that the caller wrote."""
    state = _state(error)
    failure = _raw_failure(state, _raw_text(error, state))
    failure.error = execution_message(error)
    return failure


# Which text of an error a raw query's error shows: the original engine differs by its kind.
_SHOWN_BY_DETAIL: Final = frozenset({"23502", "23505"})
_SHOWN_PLAIN: Final = frozenset(
    {"22001", "23503", "28000", "28P01", "3D000", "40001", "42703", "42P01", "42P04", "53300"}
)


def _raw_text(error: DatabaseError, state: str) -> str:
    if state in _SHOWN_BY_DETAIL and error.detail:
        return error.detail
    if state in _SHOWN_PLAIN:
        return _text(error)
    text = f"{error.severity or 'ERROR'}: {_text(error)}"
    if error.detail:
        text += f"\nDETAIL: {error.detail}"
    return f"{text}\nHINT: {error.hint}" if error.hint else text


def translate_connection(error: BaseException, place: str) -> QueryError:
    """What went wrong before a connection stood."""
    refusal = _tls_error(error)
    sent = None if refusal is not None else as_database_error(error)
    if sent is not None:
        known = _known(sent)
        if known is not None:
            return known
        return QueryError("P1001", f"Can't reach database server at `{place}`: {_text(sent)}")
    if is_without_tls(error):
        return tls_failed("the server does not support TLS")
    if refusal is not None:
        return tls_failed(str(refusal))
    hint = "" if isinstance(error, TimeoutError) or not str(error) else f": {error}"
    return QueryError(
        "P1001",
        f"Can't reach database server at `{place}`\n\nPlease make sure your database server is"
        f" running at `{place}`{hint}",
        {"database_location": place},
    )


def _tls_error(error: BaseException) -> ssl.SSLError | None:
    """Return the failure of TLS that an error is, or comes from."""
    found: BaseException | None = error
    while found is not None and not isinstance(found, ssl.SSLError):
        found = found.__cause__ or found.__context__
    return found


def is_connection_lost(error: BaseException) -> bool:
    """Whether the connection is gone, or about to be."""
    if isinstance(error, CONNECTION_GONE | OSError):
        return True
    sent = as_database_error(error)
    if sent is not None:
        return _state(sent) in _SHUTTING_DOWN or _state(sent).startswith("08")
    return isinstance(error, INTERFACE_ERROR) and "closed" in str(error)


def reads_only(error: DatabaseError) -> bool:
    """Whether a write was refused since the server, or the session, takes none."""
    return _state(error) == READ_ONLY


def is_aborted(error: BaseException | None) -> bool:
    """Whether the server refused something because a statement before it had failed."""
    sent = None if error is None else as_database_error(error)
    return sent is not None and _state(sent) == "25P02"


def connection_lost() -> QueryError:
    return QueryError("P1017", "Server has closed the connection.")


def rolled_back() -> QueryError:
    """The server answers COMMIT with ROLLBACK; the original engine reported success."""
    reason = (
        "The transaction was rolled back, not committed, because one of its statements had failed."
    )
    return QueryError("P2028", f"Transaction API error: {reason}", {"error": reason})


def execution_message(error: DatabaseError) -> str:
    """A database error in the words in which the original engine wrote it out."""
    parts = {
        "code": f'"{_state(error)}"',
        "message": _debug(_text(error)),
        "severity": _debug(error.severity or "ERROR"),
        "detail": _optional(error.detail),
        "column": _optional(error.column_name),
        "hint": _optional(error.hint),
    }
    fields = ", ".join(f"{name}: {value}" for name, value in parts.items())
    return (
        "Error occurred during query execution:\nConnectorError(ConnectorError {"
        f" user_facing_error: None, kind: QueryError(PostgresError {{ {fields} }}),"
        " transient: false })"
    )


def _debug(text: str) -> str:
    escaped = text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
    return f'"{escaped}"'


def _optional(text: str | None) -> str:
    return "None" if text is None else f"Some({_debug(text)})"


def _state(error: DatabaseError) -> str:
    return str(error.sqlstate or "N/A")


def _text(error: DatabaseError) -> str:
    return error.message or str(error)


def _known(error: DatabaseError) -> QueryError | None:
    make = _BY_STATE.get(_state(error))
    return None if make is None else make(error)


def _fields(names: list[str]) -> str:
    return "fields: (" + ",".join(f"`{name}`" for name in names) + ")"


def _unique(error: DatabaseError) -> QueryError:
    found = _KEY.search(error.detail or "")
    if found is None:
        constraint = error.constraint_name or _NOT_AVAILABLE
        return QueryError(
            "P2002",
            f"Unique constraint failed on the constraint: `{constraint}`",
            {"target": constraint},
        )
    names = found[1].replace('"', "").split(", ")
    return QueryError(
        "P2002", f"Unique constraint failed on the {_fields(names)}", {"target": names}
    )


def _foreign_key(error: DatabaseError) -> QueryError:
    name = error.column_name or f"{error.constraint_name or _NOT_AVAILABLE} (index)"
    return QueryError(
        "P2003", f"Foreign key constraint failed on the field: `{name}`", {"field_name": name}
    )


def _not_null(error: DatabaseError) -> QueryError:
    names = [error.column_name or _NOT_AVAILABLE]
    return QueryError(
        "P2011", f"Null constraint violation on the {_fields(names)}", {"constraint": names}
    )


def _too_long(error: DatabaseError) -> QueryError:
    column = error.column_name or _NOT_AVAILABLE
    return QueryError(
        "P2000",
        f"The provided value for the column is too long for the column's type. Column: {column}",
        {"column_name": column},
    )


def _no_table(error: DatabaseError) -> QueryError:
    table = _quoted(_text(error))
    return QueryError(
        "P2021", f"The table `{table}` does not exist in the current database.", {"table": table}
    )


def _no_column(error: DatabaseError) -> QueryError:
    found = re.match(r"column (.+?) (?:of relation .+ )?does not exist", _text(error))
    column = found[1].replace('"', "") if found else _NOT_AVAILABLE
    return QueryError(
        "P2022",
        f"The column `{column}` does not exist in the current database.",
        {"column": column},
    )


def _write_conflict(error: DatabaseError) -> QueryError:
    return QueryError(
        "P2034",
        "Transaction failed due to a write conflict or a deadlock. Please retry your transaction",
        error=execution_message(error),
    )


def _read_only(error: DatabaseError) -> QueryError:
    text = _text(error)
    return QueryError(
        READ_ONLY,
        f"The transaction is read-only, and PostgreSQL refused to write: {text}",
        {"code": READ_ONLY, "message": text},
    )


def _authentication(error: DatabaseError) -> QueryError:
    user = _quoted(_text(error))
    return QueryError(
        "P1000",
        "Authentication failed against database server, the provided database credentials for"
        f" `{user}` are not valid.\n\nPlease make sure to provide valid database credentials for"
        " the database server.",
        {"database_user": user},
    )


def _no_database(error: DatabaseError) -> QueryError:
    name = _quoted(_text(error))
    return QueryError(
        "P1003",
        f"Database `{name}` does not exist on the database server.",
        {"database_name": name},
    )


def _denied(error: DatabaseError) -> QueryError:
    return QueryError("P1010", f"User was denied access on the database: {_text(error)}")


def _too_many(error: DatabaseError) -> QueryError:
    text = _text(error)
    return QueryError("P2037", f"Too many database connections opened: {text}", {"message": text})


def _quoted(text: str) -> str:
    found = _QUOTED.search(text)
    return found[1] if found else _NOT_AVAILABLE


_BY_STATE: Final[dict[str, Callable[[DatabaseError], QueryError]]] = {
    "22001": _too_long,
    "23502": _not_null,
    "23503": _foreign_key,
    "23001": _foreign_key,
    "23505": _unique,
    READ_ONLY: _read_only,
    "28000": _denied,
    "28P01": _authentication,
    "3D000": _no_database,
    "40001": _write_conflict,
    "42703": _no_column,
    "42P01": _no_table,
    "53300": _too_many,
}


def bad_argument(reason: str, *, raw: bool) -> QueryError:
    """An argument that cannot be sent as its parameter's type."""
    if not raw:
        return QueryError("P2023", f"Inconsistent column data: {reason}", {"message": reason})
    return _raw_failure("22P02", f"ERROR: invalid input for parameter {reason}")


def wrong_number_of_arguments(expected: int, given: int, *, raw: bool) -> QueryError:
    """Too few arguments for a statement, or too many."""
    if not raw:
        return bad_argument(f"{given} arguments for {expected} parameters", raw=False)
    return _raw_failure(
        "08P01",
        f"ERROR: bind message supplies {given} parameters, but prepared statement"
        f' "" requires {expected}',
    )


def _raw_failure(code: str, message: str) -> QueryError:
    return QueryError(
        "P2010",
        f"Raw query failed. Code: `{code}`. Message: `{message}`",
        {"code": code, "message": message},
    )
