"""What a long installation shows: how far it is, from npm's own log."""

from prisma_wasm.toolchain import packages

LOG = """\
npm warn Unknown user config "fund".
npm http fetch GET 200 https://registry.example/pg 9908ms (cache miss)
npm http fetch GET 200 https://registry.example/pg/-/pg-8.23.1.tgz 120ms (cache miss)
npm http cache https://registry.example/effect/-/effect-3.18.4.tgz 3ms (cache hit)
npm http fetch GET 200 https://registry.example/@prisma/config/-/config-6.19.3.tgz 12ms
npm http fetch GET 200 https://registry.example/@prisma/config/-/config-6.19.3.tgz 12ms
"""


def test_archives_are_counted_once() -> None:
    """Requests for descriptions, and repeated ones, are no packages; those in npm's cache are."""
    assert packages.how_far(LOG, 54) == "3 of 54 packages fetched"
    assert packages.how_far("", 54) == "0 of 54 packages fetched"
