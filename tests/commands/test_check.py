"""`tenantry check`: it reports every problem, and knows the running service."""

import socket

from tests.commands.test_cli import NOWHERE
from tests.fix_database import run_sql
from tests.fix_service import Serve, run_tenantry

UNPROTECT = 'ALTER TABLE "Invitation" DISABLE ROW LEVEL SECURITY'


def test_every_problem_is_reported(database: str):
    """A port that another program uses hides no unprotected table."""
    run_sql(database, UNPROTECT)
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = str(taken.getsockname()[1])
        done = run_tenantry("check", PORT=port, DATABASE_URL=database)

    assert done.returncode == 1
    first, second = done.stderr.splitlines()
    assert first.startswith(f"tenantry: PORT: 127.0.0.1:{port} is in use by another program.")
    assert "Invitation" in second


def test_the_running_service_is_no_problem(serve: Serve, database: str):
    """While the service runs, `check` says so and checks its tables."""
    with serve(program="tenantry", DATABASE_URL=database) as service:
        service.wait_until_ready(200)
        port = str(service.http.base_url.port)
        good = run_tenantry("check", PORT=port, DATABASE_URL=database)
        run_sql(database, UNPROTECT)
        bad = run_tenantry("check", PORT=port, DATABASE_URL=database)

    assert (good.returncode, good.stderr) == (0, "")
    assert good.stdout == f"The service is running at 127.0.0.1:{port}.\n"
    assert bad.returncode == 1
    (line,) = bad.stderr.splitlines()
    assert "Invitation" in line


def test_a_port_and_no_database():
    """A database that cannot be reached was not checked, which is no error."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = str(free.getsockname()[1])
    done = run_tenantry("check", PORT=port, DATABASE_URL=NOWHERE)

    assert done.returncode == 0
    assert done.stderr.startswith("tenantry: the database was not checked: ")
