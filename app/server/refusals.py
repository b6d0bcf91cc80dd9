"""Responses that the protocol itself sends, to requests that do not reach the application."""

from app.http.headers import NO_STORE, SECURITY_HEADERS
from app.http.problems import phrase, render


def refusal(status: int, code: str, detail: str, **headers: str) -> bytes:
    """Return a complete response, a problem document, after which the connection closes."""
    rendered = render(
        status,
        code,
        detail,
        headers={**SECURITY_HEADERS, **NO_STORE, **headers, "Connection": "close"},
    )
    status_line = f"HTTP/1.1 {status} {phrase(status)}".encode()
    lines = [status_line, *(b": ".join(header) for header in rendered.raw_headers)]
    return b"\r\n".join([*lines, b"", bytes(rendered.body)])


def url_too_long(limit: int) -> bytes:
    return refusal(414, "url_too_long", f"The URL has more than {limit} bytes.")


def too_many_fields(limit: int) -> bytes:
    return refusal(400, "too_many_query_fields", f"The query string has more than {limit} fields.")


def head_too_large(limit: int) -> bytes:
    return refusal(
        431,
        "head_too_large",
        f"The request line and headers, or trailers, exceed {limit} bytes.",
    )


def too_many_headers(limit: int) -> bytes:
    return refusal(431, "too_many_headers", f"The request has more than {limit} headers.")


BAD_REQUEST = refusal(400, "bad_request", "This is not a valid HTTP request.")
TOO_SLOW = refusal(408, "head_too_slow", "The request's head did not arrive in time.")
BAD_HOST = refusal(400, "bad_host", "A request needs exactly one Host header.")
BAD_FRAMING = refusal(
    400, "bad_transfer_encoding", "Transfer-Encoding must be chunked, once and last, in HTTP/1.1."
)
UNKNOWN_ENCODING = refusal(
    501, "unsupported_transfer_encoding", "The only supported Transfer-Encoding is chunked."
)
SMALL_CHUNKS = refusal(
    400, "too_many_chunks", "The body has too many small chunks: send larger ones."
)
TOO_MANY_CONNECTIONS = refusal(
    503,
    "too_many_connections",
    "Too many connections are open: try again.",
    **{"Retry-After": "1"},
)
