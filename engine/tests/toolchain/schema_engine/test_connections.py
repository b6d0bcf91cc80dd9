"""Reaching the database: errors with Prisma's codes, forms of URLs, TLS, limits of time."""

import socket
from collections.abc import Callable, Iterator
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

import pytest
from cli_project import Project, full
from tls_postgres import programs, tls_server
from tls_server import OPENSSL, make_certificate, tls_door

COMMANDS = (
    "migrate deploy",
    full("db pull --print"),
    full("migrate status"),
    full("db push --skip-generate"),
    full("migrate reset --force"),
)
needs_openssl = pytest.mark.skipif(
    OPENSSL is None, reason="openssl makes the certificate, and is not here"
)


def changed(url: str, **parts: str) -> str:
    """A URL with another password, port, database or query."""
    old = urlsplit(url)
    user, password = old.username or "", parts.get("password", old.password or "")
    port, host = parts.get("port", str(old.port)), parts.get("host", old.hostname or "")
    path = f"/{parts['database']}" if "database" in parts else old.path
    return urlunsplit(
        (old.scheme, f"{user}:{password}@{host}:{port}", path, parts.get("query", ""), "")
    )


@pytest.fixture(scope="module")
def blog(make_module_project: Callable[..., Project], deployed_blog: Project) -> Project:
    """A deployed blog that no test of this module changes."""
    return make_module_project(like=deployed_blog)


@pytest.mark.parametrize("command", COMMANDS)
def test_a_wrong_password(blog: Project, command: str) -> None:
    """P1000 names the user."""
    url = changed(blog.url, password="wrong")
    user = urlsplit(url).username
    blog.prisma(*command.split(), DATABASE_URL=url).expect(
        1, f"P1000.*credentials for `{user}` are not valid"
    )


@pytest.mark.parametrize("command", COMMANDS)
def test_an_unreachable_server(blog: Project, command: str) -> None:
    """P1001 names the place."""
    url = changed(blog.url, port="1")
    place = f"{urlsplit(url).hostname}:1"
    blog.prisma(*command.split(), DATABASE_URL=url).expect(
        1, f"P1001.*Can't reach database server at `{place}`"
    )


@pytest.mark.parametrize("command", ["migrate status", full("db pull --print")])
def test_a_missing_database(blog: Project, command: str) -> None:
    """P1003 from commands that create none."""
    url = changed(blog.url, database="nodb")
    blog.prisma(*command.split(), DATABASE_URL=url).expect(1, "P1003.*atabase.* does not exist")


def test_no_url(blog: Project) -> None:
    """P1012 names the variable that is missing."""
    empty = blog.folder / "elsewhere"
    empty.mkdir()
    blog.prisma("migrate", "deploy", "--schema", str(copied(blog, empty)), cwd=empty).expect(
        1, "Environment variable not found: DATABASE_URL"
    )


def copied(project: Project, folder: Path) -> Path:
    schema = folder / "schema.prisma"
    schema.write_text(project.schema.read_text())
    return schema


@pytest.mark.parametrize(
    ("url", "pattern"),
    [
        (
            "postgresql://johndoe::::////::randompassword@doesnotexist/mydb",
            "P1013.*invalid port number in database URL",
        ),
        full("postgresql://u:p@localhost:99999/db", "P1013.*invalid port number in database URL"),
        full(
            "postgresql://u:p@one:5432,two:5432/db",
            "P1013.*several hosts \\(only one is supported\\)",
        ),
        ("postgresql://u:p@one,two/db", "P1013.*several hosts \\(only one is supported\\)"),
        (
            "prisma+postgres://localhost:51213/?api_key=x",
            "P1013.*use the database's postgresql:// URL",
        ),
        ("invalidurl", "P1013.*scheme is not recognized"),
    ],
)
def test_urls_that_lead_nowhere(blog: Project, url: str, pattern: str) -> None:
    """P1013 says what is wrong with a URL."""
    blog.prisma("db", "execute", "--stdin", "--url", url, stdin="SELECT 1").expect(1, pattern)


@pytest.mark.full
def test_names_with_odd_characters(make_project: Callable[..., Project]) -> None:
    """Percent-encoded parts of a URL mean their characters."""
    project = make_project(exists=True)
    role, secret = f'odd "{urlsplit(project.url).path[1:]}"', "p@ss:w/rd%#?"
    quoted = role.replace('"', '""')
    project.sql(f"CREATE ROLE \"{quoted}\" SUPERUSER LOGIN PASSWORD '{secret}'")
    try:
        encoded = role.replace('"', "%22").replace(" ", "%20")
        at = urlsplit(project.url)
        url = f"postgresql://{encoded}:p%40ss%3Aw%2Frd%25%23%3F@{at.hostname}:{at.port}/od%20d%22{at.path[1:]}"
        project.prisma("db", "push", "--skip-generate", DATABASE_URL=url).expect(
            0, "created.*in sync"
        )
    finally:
        project.sql(f'DROP DATABASE IF EXISTS "od d""{urlsplit(project.url).path[1:]}"')
        project.sql(f'DROP ROLE "{quoted}"')


def test_direct_url_and_parameters(blog: Project) -> None:
    """Migrations go to `directUrl`; parameters that are for the client's pool do no harm."""
    url = changed(
        blog.url,
        query="connection_limit=1&pgbouncer=true&pool_timeout=3&channel_binding=prefer&application_name=x",
    )
    folder = blog.folder / "direct"
    folder.mkdir()
    schema = copied(blog, folder)
    schema.write_text(
        schema.read_text().replace(
            'env("DATABASE_URL")', 'env("POOLED")\n  directUrl = env("DIRECT")'
        )
    )
    pooled = changed(blog.url, port="1")
    blog.prisma("db", "pull", "--print", "--schema", str(schema), POOLED=pooled, DIRECT=url).expect(
        0, "model User"
    )


def test_a_unix_socket(blog: Project) -> None:
    """`?host=/folder` is a socket, where the server has one."""
    folders = blog.sql(
        "SELECT trim(unnest(string_to_array(current_setting('unix_socket_directories'), ',')))"
    )
    if not folders:
        pytest.skip("the server has no unix socket")
    at = urlsplit(blog.url)
    url = urlunsplit(
        at._replace(
            netloc=f"{at.username}:{at.password}@localhost:{at.port}", query=f"host={folders[0]}"
        )
    )
    blog.prisma("migrate", "status", DATABASE_URL=url).expect(0, "up to date")


@pytest.mark.full
@pytest.mark.parametrize(
    "style",
    [
        "German",
        full("SQL, DMY"),
        full("Postgres, MDY"),
    ],
)
def test_other_styles_of_dates(
    make_project: Callable[..., Project], blog_sql: str, style: str
) -> None:
    """The server's way to write dates changes nothing: a failed migration's time is read right."""
    project = make_project(exists=True)
    name = urlsplit(project.url).path[1:]
    project.sql(f"ALTER DATABASE \"{name}\" SET datestyle = '{style}'")
    project.migration("20260101000000_init", blog_sql)
    project.prisma("migrate", "deploy").expect(0, "successfully applied")
    project.migration("20260101000001_bad", "SELECT nothing;")
    project.prisma("migrate", "deploy").expect(1, "P3018")
    [started] = project.sql(
        "SELECT to_char(started_at AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI:SS')"
        " FROM _prisma_migrations WHERE finished_at IS NULL"
    )
    project.prisma("migrate", "deploy").expect(
        1, f"P3009.*`20260101000001_bad` migration started at {started}"
    )


@pytest.fixture
def silent() -> Iterator[str]:
    """The host and port of a server that takes connections and never says a word."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        yield f"127.0.0.1:{listening.getsockname()[1]}"


@pytest.mark.parametrize(
    ("query", "least"),
    [full("", 5), ("?connect_timeout=1", 1)],
)
def test_a_server_that_says_nothing(blog: Project, silent: str, query: str, least: int) -> None:
    """A connection that never comes is given up after five seconds, or what the URL says."""
    outcome = blog.prisma("migrate", "status", DATABASE_URL=f"postgresql://u:p@{silent}/db{query}")
    outcome.expect(1, f"P1001.*Can't reach database server at `{silent}`")
    assert outcome.seconds >= least


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    return make_certificate(tmp_path_factory.mktemp("tls"))


@needs_openssl
@pytest.mark.parametrize(
    ("host", "query", "code", "pattern"),
    [
        full("127.0.0.1", "", 0, "up to date"),
        full("127.0.0.1", "sslmode=prefer", 0, "up to date"),
        ("127.0.0.1", "sslmode=require", 0, "up to date"),
        full("127.0.0.1", "sslmode=disable", 1, "P1001"),
        ("127.0.0.1", "sslmode=require&sslaccept=strict", 1, "P1011.*self-signed certificate"),
        full("localhost", "sslmode=require&sslaccept=strict&sslcert=CERTIFICATE", 0, "up to date"),
        ("localhost", "sslmode=verify-full&sslcert=CERTIFICATE", 0, "up to date"),
        (
            "127.0.0.1",
            "sslmode=verify-full&sslcert=CERTIFICATE",
            1,
            "P1011.*does not match|P1011.*altnames",
        ),
        full("127.0.0.1", "sslmode=verify-ca&sslcert=CERTIFICATE", 0, "up to date"),
        full(
            "127.0.0.1",
            "sslmode=require&sslaccept=strict&sslcert=/not/there.crt",
            1,
            "P1011.*/not/there.crt",
        ),
    ],
)
def test_tls(
    blog: Project, certificate: tuple[Path, Path], host: str, query: str, code: int, pattern: str
) -> None:
    """Each mode of TLS, with a certificate that signs itself."""
    with tls_door(blog.url, *certificate) as port:
        words = query.replace("CERTIFICATE", str(certificate[0]))
        url = changed(blog.url, host=host, port=str(port), query=words)
        blog.prisma("migrate", "status", DATABASE_URL=url).expect(code, pattern)


def test_a_server_that_requires_client_certificates(
    make_project: Callable[..., Project], blog_sql: str
) -> None:
    """Migrations show the certificate on every connection, of the shadow database too.

    The original took only `sslidentity`; with `sslcert` and `sslkey` the server refused it.
    """
    bin_folder = None if OPENSSL is None else programs()
    if bin_folder is None:
        pytest.skip("needs openssl and a PostgreSQL server that speaks TLS")
    project = make_project()
    project.migration("20260101000000_init", blog_sql)
    with tls_server(bin_folder) as server:
        query = "sslmode=verify-full&sslrootcert={ca.crt}&sslcert={client.crt}&sslkey={client.key}"
        own = server.url("certified", "localhost", query)
        project.prisma("migrate", "deploy", DATABASE_URL=own).expect(0, "successfully applied")
        project.prisma("migrate", "dev", "--skip-generate", DATABASE_URL=own).expect(0, "in sync")
        without = server.url("certified", "localhost", "sslmode=verify-full&sslrootcert={ca.crt}")
        project.prisma("migrate", "status", DATABASE_URL=without).expect(1, "P1010")


@pytest.mark.parametrize(
    ("mode", "code", "pattern"),
    [("prefer", 0, "up to date"), ("require", 1, "P1011.*does not support")],
)
def test_a_server_without_tls(blog: Project, mode: str, code: int, pattern: str) -> None:
    """`prefer` does without TLS, `require` does not."""
    if blog.sql("SHOW ssl") == ["on"]:
        pytest.skip("the server speaks TLS")
    blog.prisma(
        "migrate", "status", DATABASE_URL=changed(blog.url, query=f"sslmode={mode}")
    ).expect(code, pattern)
