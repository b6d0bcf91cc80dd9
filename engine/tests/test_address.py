"""Connection URLs with Prisma's parameters."""

import logging

import pytest

from prisma_wasm import address
from prisma_wasm.errors import QueryError


def test_a_plain_url() -> None:
    """Host, port, user, password and database; everything else has a default."""
    found = address.parse("postgresql://ann:s%40cret@db.example.com:6432/shop")

    assert (found.hosts, found.ports) == (("db.example.com",), (6432,))
    assert (found.user, found.password, found.database) == ("ann", "s@cret", "shop")
    assert (found.schema, found.pgbouncer, found.statement_cache_size) == ("public", False, 100)
    assert found.connection_limit > 0


def test_prismas_parameters() -> None:
    """Limits, schema and the pooler's flag, which turns named statements off."""
    found = address.parse(
        "postgres://u:p@h/db?schema=app&connection_limit=3&pool_timeout=0&connect_timeout=7"
        "&pgbouncer=true&application_name=shop"
    )

    assert (found.schema, found.connection_limit) == ("app", 3)
    assert (found.pool_timeout, found.connect_timeout) == (None, 7)
    assert (found.pgbouncer, found.statement_cache_size) == (True, 0)
    assert found.server_settings == {"application_name": "shop"}


@pytest.mark.parametrize(
    ("url", "hosts", "ports"),
    [
        ("postgresql://u:p@one:1,two:2/db", ("one", "two"), (1, 2)),
        ("postgresql://u:p@[::1]:5433/db", ("::1",), (5433,)),
        ("postgresql://u:p@localhost/db?host=/run/postgresql", ("/run/postgresql",), (5432,)),
        ("postgresql://u:p@%2Frun%2Fpostgresql/db", ("/run/postgresql",), (5432,)),
        ("postgresql://u:p@one,two:2/db", ("one", "two"), (5432, 2)),
        ("postgresql://u:p@/db?host=one,two&port=1,2", ("one", "two"), (1, 2)),
        ("postgresql://u:p@/db?host=one,two&port=7", ("one", "two"), (7, 7)),
        ("postgresql://u:p@x:9/db?host=/run/postgresql", ("/run/postgresql",), (9,)),
        ("postgresql://u:p@/db?host=::1,two", ("::1", "two"), (5432, 5432)),
    ],
)
def test_places(url: str, hosts: tuple[str, ...], ports: tuple[int, ...]) -> None:
    """Several hosts, IPv6, and directories of sockets."""
    found = address.parse(url)

    assert (found.hosts, found.ports) == (hosts, ports)


def test_keepalive() -> None:
    """libpq's parameters, with defaults that notice a loss within half a minute."""
    assert address.parse("postgresql://u@h/db").keepalive == address.Keepalive(10, 5, 3, 25)
    assert address.parse("postgresql://u@h/db?keepalives=0").keepalive is None
    given = "keepalives_idle=1&keepalives_interval=2&keepalives_count=4&tcp_user_timeout=5000"
    assert address.parse(f"postgresql://u@h/db?{given}").keepalive == address.Keepalive(1, 2, 4, 5)


def test_an_unknown_parameter_is_ignored_and_named(caplog: pytest.LogCaptureFixture) -> None:
    """What Prisma does not know it ignores; a warning names it."""
    with caplog.at_level(logging.WARNING):
        found = address.parse("postgresql://u:p@h/db?conection_limit=3&schema=app")

    assert found.schema == "app"
    assert "`conection_limit` is not known" in caplog.text
    assert "u:p" not in caplog.text


@pytest.mark.parametrize(
    ("url", "code", "said"),
    [
        ("mysql://u:p@h/db", "P1012", "must start with the protocol"),
        ("postgresql://u:p@h:port/db", "P1013", "invalid port number"),
        ("postgresql://u:p@h:70000/db", "P1013", "invalid port number"),
        ("postgresql://u:p@a,b/db?port=1,2,3", "P1013", "3 ports for 2 hosts"),
        ("postgresql://u:p@h/db?target_session_attrs=master", "P1013", "`target_session_attrs`"),
        ("postgresql://u:p@h/db?keepalives_idle=often", "P1013", "`keepalives_idle`"),
        ("postgresql://u:p@h/db?connection_limit=many", "P1013", "`connection_limit`"),
        ("postgresql://u:p@h/db?pool_timeout=-1", "P1013", "`pool_timeout`"),
        ("postgresql://u:p@h/db?pgbouncer=perhaps", "P1013", "`pgbouncer`"),
        ("postgresql://u:p@h/db?sslmode=maybe", "P1013", "`sslmode`"),
    ],
)
def test_what_is_wrong_is_named(url: str, code: str, said: str) -> None:
    """A value that cannot be meant ends with Prisma's code, and no part of the password."""
    with pytest.raises(QueryError) as caught:
        address.parse(url)

    assert caught.value.code == code
    assert said in caught.value.message
    assert "u:p" not in caught.value.message


@pytest.mark.parametrize(
    ("rest", "expected"),
    [
        ("db/d", None),
        ("db/d?pgbouncer=true", False),
        ("ep-1-pooler.example.com/d", False),
        ("/d?host=ep-1-pooler.example.com", False),
        ("db/d?pgbouncer=true&session_settings=true", True),
        ("db/d?session_settings=false", False),
    ],
)
def test_whose_the_sessions_are(rest: str, expected: bool | None) -> None:
    """Settings stay in a session unless the URL tells of a pooler, or says otherwise."""
    assert address.parse(f"postgresql://u:p@{rest}").session_settings is expected
