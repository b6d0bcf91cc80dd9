"""A door to a PostgreSQL server that speaks TLS, whatever the server can do."""

import asyncio
import contextlib
import shutil
import ssl
import subprocess
import threading
from collections.abc import Generator
from pathlib import Path
from urllib.parse import urlsplit

OPENSSL = shutil.which("openssl")
_REQUEST_LENGTH = 8
_SSL_REQUEST = 80877103
_LIMIT = 30.0


def make_certificate(folder: Path) -> tuple[Path, Path]:
    """A certificate that signs itself for localhost, and its key."""
    assert OPENSSL is not None
    certificate, key = folder / "server.crt", folder / "server.key"
    words = ["req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2"]
    words += ["-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost"]
    words += ["-keyout", str(key), "-out", str(certificate)]
    subprocess.run([OPENSSL, *words], check=True, capture_output=True, timeout=_LIMIT)
    return certificate, key


@contextlib.contextmanager
def tls_door(url: str, certificate: Path, key: Path, clients: Path | None = None) -> Generator[int]:
    """A port where the server of `url` is reached by TLS only, by those whom `clients` signed."""
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(certificate, key)
    if clients is not None:
        context.load_verify_locations(clients)
        context.verify_mode = ssl.CERT_REQUIRED
    parts = urlsplit(url)

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(OSError, asyncio.IncompleteReadError):
            request = await reader.readexactly(_REQUEST_LENGTH)
            if int.from_bytes(request[4:]) == _SSL_REQUEST:
                writer.write(b"S")
                await writer.drain()
                await writer.start_tls(context)
                behind = await asyncio.open_connection(parts.hostname, parts.port)
                await asyncio.gather(_copy(reader, behind[1]), _copy(behind[0], writer))
        writer.close()

    loop = asyncio.new_event_loop()
    started = loop.run_until_complete(asyncio.start_server(serve, "127.0.0.1", 0))
    thread = threading.Thread(target=loop.run_forever)
    thread.start()
    try:
        yield started.sockets[0].getsockname()[1]
    finally:
        loop.call_soon_threadsafe(loop.stop)
        thread.join(_LIMIT)
        started.close()
        for task in asyncio.all_tasks(loop):
            task.cancel()
        loop.run_until_complete(asyncio.sleep(0))
        loop.close()


async def _copy(source: asyncio.StreamReader, target: asyncio.StreamWriter) -> None:
    with contextlib.suppress(OSError):
        while data := await source.read(1 << 16):
            target.write(data)
            await target.drain()
    target.close()
