"""TLS, as the URL asks for it."""

import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from tls_server import OPENSSL, make_certificate, tls_door

pytestmark = pytest.mark.skipif(OPENSSL is None, reason="needs openssl to make certificates")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A certificate of localhost and its key, alone and as a PKCS #12 file."""
    made = tmp_path_factory.mktemp("tls")
    certificate, key = make_certificate(made)
    words = ["pkcs12", "-export", "-inkey", key, "-in", certificate, "-out", made / "own.p12"]
    subprocess.run(
        [str(OPENSSL), *map(str, words), "-passout", "pass:secret"], check=True, timeout=60
    )
    return made


@pytest.fixture
def door(folder: Path, url: str) -> Iterator[str]:
    """The URL of the database by TLS alone."""
    with tls_door(url, folder / "server.crt", folder / "server.key") as port:
        yield _through(url, port)


@pytest.fixture
def guarded(folder: Path, url: str) -> Iterator[str]:
    """The same for those who have the certificate themselves."""
    own = folder / "server.crt"
    with tls_door(url, own, folder / "server.key", clients=own) as port:
        yield _through(url, port)


def _through(url: str, port: int) -> str:
    parts = urlsplit(url)
    before = parts.netloc.rpartition("@")[0]
    return parts._replace(netloc=f"{before}@localhost:{port}").geturl()


async def _works(prisma: Any, url: str) -> bool:
    async with prisma.Prisma(datasource={"url": url}) as client:
        return await client.query_raw("SELECT 1 AS n") == [{"n": 1}]


@pytest.mark.parametrize(
    "parameters",
    [
        "",  # prefers TLS
        "sslmode=require",  # of whoever it is, as with Prisma
        "sslmode=require&sslcert={folder}/server.crt",
        "sslmode=require&sslaccept=strict&sslcert={folder}/server.crt",
        "sslmode=verify-full&sslrootcert={folder}/server.crt",
    ],
)
async def test_a_server_that_wants_tls(
    prisma: Any, door: str, folder: Path, parameters: str
) -> None:
    """It is reached in every mode that speaks TLS."""
    assert await _works(prisma, f"{door}?{parameters.format(folder=folder)}")


@pytest.mark.parametrize(
    ("parameters", "said"),
    [
        ("sslmode=disable", "P1001"),
        ("sslmode=verify-full", "certificate verify failed"),
        ("sslmode=require&sslaccept=strict", "certificate verify failed"),
        ("sslmode=verify-full&sslrootcert=/no/such/file", "P1011: Error opening a TLS connection"),
        ("sslidentity=/no/such/file", "P1011: Error opening a TLS connection"),
        ("sslidentity={folder}/own.p12&sslpassword=wrong", "P1011: Error opening a TLS connection"),
    ],
)
async def test_what_is_refused(
    prisma: Any, door: str, folder: Path, parameters: str, said: str
) -> None:
    """A server that cannot be trusted, and files that cannot be read, are told from each other."""
    with pytest.raises(prisma.engine.errors.EngineConnectionError, match=said):
        await _works(prisma, f"{door}?{parameters.format(folder=folder)}")


@pytest.mark.parametrize(
    "parameters",
    [
        "sslidentity={folder}/own.p12&sslpassword=secret",
        "sslcert={folder}/server.crt&sslkey={folder}/server.key",
        "sslmode=require&sslcert={folder}/server.crt&sslkey={folder}/server.key",
    ],
)
async def test_a_certificate_of_ones_own(
    prisma: Any, guarded: str, folder: Path, parameters: str
) -> None:
    """A server that asks for it gets it, from a PKCS #12 file or two files."""
    assert await _works(prisma, f"{guarded}?{parameters.format(folder=folder)}")
    with pytest.raises(prisma.engine.errors.EngineConnectionError):
        await _works(prisma, f"{guarded}?sslmode=require")


async def test_a_server_without_tls(prisma: Any, url: str) -> None:
    """It is reached unless TLS is demanded; the original refused that with P1011 too."""
    assert await _works(prisma, f"{url}?sslmode=prefer")
    with pytest.raises(prisma.engine.errors.EngineConnectionError, match=r"P1011.*not support TLS"):
        await _works(prisma, f"{url}?sslmode=require")
