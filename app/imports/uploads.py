"""Uploads: a file is stored in chunks as it arrives, so that any process can import it."""

from collections.abc import AsyncIterable, AsyncIterator

from prisma import Base64, Prisma

from app.db import prisma
from app.imports.errors import too_many_lines
from app.imports.reading import MAX_LINES
from app.tenants import InTenant

CHUNK_BYTES = 256 * 1024


async def store(tenant: InTenant, job: str, body: AsyncIterable[bytes]) -> int:
    """Store a file; return its number of lines. Raise 413 once it has too many."""
    lines, position, ends = 0, 0, b"\n"
    async for chunk in _in_chunks(body):
        lines, ends = lines + chunk.count(b"\n"), chunk[-1:]
        if lines > MAX_LINES + 1:
            raise too_many_lines()
        # Not `create`, which would read the chunk back.
        await prisma.importchunk.create_many(
            data=[{**tenant, "jobId": job, "position": position, "data": Base64.encode(chunk)}]
        )
        position += 1
    return lines + (ends != b"\n")


async def _in_chunks(body: AsyncIterable[bytes]) -> AsyncIterator[bytes]:
    """Collect pieces of any size, as the network delivers them, into chunks."""
    collected = bytearray()
    async for piece in body:
        collected += piece
        while len(collected) >= CHUNK_BYTES:
            yield bytes(collected[:CHUNK_BYTES])
            del collected[:CHUNK_BYTES]
    if collected:
        yield bytes(collected)


async def read(tx: Prisma, tenant: InTenant, job: str) -> AsyncIterator[bytes]:
    """Read a stored file chunk by chunk."""
    position = 0
    while chunk := await tx.importchunk.find_first(
        where={**tenant, "jobId": job, "position": position}
    ):
        yield chunk.data.decode()
        position += 1
