"""Variables, loggers and settings that deployments of Prisma Client Python carry with them."""

import json
import logging
from typing import Any

import pytest

from .conftest import RunProgram

QUERY = """
import asyncio
async def main():
    async with prisma.Prisma(log_queries=LOG) as db:
        print("count", await db.user.count())
asyncio.run(main())
"""


@pytest.mark.parametrize(
    "variables",
    [
        {"PRISMA_QUERY_ENGINE_BINARY": "/nonexistent/query-engine"},
        {"PRISMA_BINARY_CACHE_DIR": "/nonexistent", "PRISMA_HOME_DIR": "/nonexistent"},
        {"PRISMA_BINARY_PLATFORM": "nonsense", "PRISMA_CLIENT_ENGINE_TYPE": "binary"},
        {"PRISMA_VERSION": "5.4.2", "PRISMA_EXPECTED_ENGINE_VERSION": "0000"},
        {"__PRISMA_PY_PLAYGROUND": "1", "HTTP_PROXY": "http://127.0.0.1:1"},
    ],
    ids=lambda variables: "+".join(variables),
)
def test_variables_that_placed_the_engine_change_nothing(
    run_program: RunProgram, variables: dict[str, str]
) -> None:
    """5.17 looked for its binary by these, and failed where it was not; none is needed here."""
    done = run_program(QUERY.replace("LOG", "False"), **variables)
    assert (done.code, done.out, done.err) == (0, "count 0\n", "")


def test_queries_are_printed_with_log_queries(run_program: RunProgram) -> None:
    """`Prisma(log_queries=True)` prints each statement to standard output, as ever."""
    done = run_program(QUERY.replace("LOG", "True"))
    lines = done.out.splitlines()
    assert any(line.startswith("prisma:query SELECT COUNT(") for line in lines), done.out
    assert lines[-1] == "count 0"


def test_debug_output_of_the_client(run_program: RunProgram) -> None:
    """PRISMA_PY_DEBUG sets the logger `prisma` to DEBUG, when `prisma` is imported."""
    done = run_program(
        "import logging; print(logging.getLogger('prisma').level)", PRISMA_PY_DEBUG="1"
    )
    assert done.out == f"{logging.DEBUG}\n"


async def test_loggers_that_applications_silence(db: Any, caplog: pytest.LogCaptureFixture) -> None:
    """Queries write nothing at INFO or above, to `prisma`, `prisma_wasm` or any other logger."""
    with caplog.at_level(logging.INFO):
        await db.user.create(data={"email": "a@b.c"})
        async with db.tx() as tx:
            await tx.user.count()
    assert caplog.records == []


def test_the_env_file_of_the_working_directory(run_program: RunProgram) -> None:
    """`.env` and `prisma/.env` are read when a client is made; `use_dotenv=False` reads neither."""
    done = run_program(
        """
        import os, pathlib
        pathlib.Path("prisma").mkdir()
        pathlib.Path(".env").write_text("FROM_ROOT=1\\nDATABASE_URL=postgresql://from@file/x\\n")
        pathlib.Path("prisma/.env").write_text("FROM_FOLDER=2\\n")
        given = os.environ["DATABASE_URL"]
        prisma.Prisma(use_dotenv=False)
        print(os.environ.get("FROM_ROOT"), os.environ.get("FROM_FOLDER"))
        prisma.Prisma()
        print(os.environ["FROM_ROOT"], os.environ["FROM_FOLDER"])
        prisma.load_env(override=True)
        print(given != os.environ["DATABASE_URL"])
        """
    )
    assert done.out == "None None\n1 2\nTrue\n", done.err


def test_constants_of_the_generated_client(prisma: Any) -> None:
    """Deployments read these; there is no binary, so no path to one."""
    assert str(prisma.SCHEMA_PATH).endswith("schema.prisma")
    assert prisma.ENGINE_TYPE.value == "binary"
    assert prisma.BINARY_PATHS.query_engine == {}
    assert sorted(prisma.metadata.PRISMA_MODELS) == ["Post", "User"]
    assert prisma.metadata.RELATIONAL_FIELD_MAPPINGS["User"] == {"posts": "Post"}


def test_settings_of_upstream_can_be_read(run_program: RunProgram) -> None:
    """`prisma.config` is lazy and has upstream's settings, from the environment too."""
    done = run_program(
        """
        import json
        from prisma import config
        print(json.dumps([config.prisma_version, str(config.nodeenv_cache_dir),
                          str(config.binary_cache_dir), config.use_global_node]))
        """,
        PRISMA_NODEENV_CACHE_DIR="/opt/node",
        PRISMA_BINARY_CACHE_DIR="/opt/binaries",
    )
    version, node, binaries, uses_node = json.loads(done.out)
    assert (version, uses_node) == ("5.17.0", True)
    assert (node, binaries) == ("/opt/node", "/opt/binaries")


def test_the_name_of_the_binary_is_still_known(prisma: Any) -> None:
    """Build scripts ask for it, to copy a file that is not there and not needed any more."""
    name = prisma.engine.utils.query_engine_name()
    assert name.startswith("prisma-query-engine-")
    with pytest.raises(prisma.engine.errors.BinaryNotFoundError):
        prisma.engine.utils.ensure({})


async def test_metrics_in_both_formats(db: Any, prisma: Any) -> None:
    """Dashboards read Prisma's names; labels come back as they were given."""
    await db.user.count()
    metrics = await db.get_metrics(global_labels={"service": "shop"})
    assert isinstance(metrics, prisma.Metrics)
    counters = {metric.key: metric for metric in metrics.counters}
    assert counters["prisma_client_queries_total"].value >= 1
    assert counters["prisma_client_queries_total"].labels == {"service": "shop"}
    text = await db.get_metrics(format="prometheus")
    assert "prisma_client_queries_total" in text
