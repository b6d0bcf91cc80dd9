"""Generators that are programs: custom ones, and upstream's own by another name."""

import shutil

import pytest
from projects import SCHEMA, Project, Result

DATASOURCE = SCHEMA[SCHEMA.index("datasource") :]

# As upstream's documentation writes a generator, with an option of its own.
GENERATOR = """
from pathlib import Path

from pydantic import BaseModel

from prisma.generator import GenericData, GenericGenerator, Manifest


class Config(BaseModel):
    header: str = "# Models"


Data = GenericData[Config]


class MyGenerator(GenericGenerator[Data]):
    def get_manifest(self) -> Manifest:
        return Manifest(name="My generator", default_output=Path(__file__).parent / "models.md")

    def generate(self, data: Data) -> None:
        lines = [data.generator.config.header]
        lines += [model.name for model in data.dmmf.datamodel.models]
        Path(data.generator.output.value).write_text("\\n".join(lines))


if __name__ == "__main__":
    MyGenerator.invoke()
"""

BASE_GENERATOR = """
from pathlib import Path

from prisma.generator import BaseGenerator, DefaultData, Manifest


class MyGenerator(BaseGenerator):
    def get_manifest(self) -> Manifest:
        return Manifest(name="My generator", default_output="models.md")

    def generate(self, data: DefaultData) -> None:
        Path(data.generator.output.value).write_text(data.dmmf.datamodel.models[0].name)


if __name__ == "__main__":
    MyGenerator.invoke()
"""


def generate(
    project: Project, provider: str, options: str = "", env: dict[str, str] | None = None
) -> Result:
    """Run `prisma generate` with one generator, in an activated environment."""
    words = f'generator mine {{\n  provider = "{provider}"\n{options}\n}}\n\n'
    project.write("schema.prisma", words + DATASOURCE)
    bin_folder = project.environment.folder / "bin"
    path = {"PATH": f"{bin_folder}:{project.environment.variables['PATH']}"}
    return project.prisma("generate", env=path | (env or {}))


def test_a_generic_generator_runs_with_its_options(project: Project) -> None:
    """Upstream's documented custom generator; the original CLI 5.17 ran it as it is."""
    project.write("generator.py", GENERATOR)
    done = generate(project, "python generator.py")
    assert (done.code, "Generated My generator" in done.text) == (0, True), done.text
    assert (project.folder / "models.md").read_text() == "# Models\nUser\nPost"
    options = '  output = "other.md"\n  header = "Hello"'
    done = generate(project, "python generator.py", options)
    assert done.code == 0, done.text
    assert (project.folder / "other.md").read_text() == "Hello\nUser\nPost"


@pytest.mark.parametrize("pinned", [None, "393aa359c9ad4a4bb28630fb5613f9c281cde053"])
def test_a_base_generator_runs_whatever_version_the_user_pins(
    project: Project, pinned: str | None
) -> None:
    """Images for upstream pin the engine of 5.17 by a variable; the CLI here is another one."""
    project.write("generator.py", BASE_GENERATOR)
    env = {"PRISMA_EXPECTED_ENGINE_VERSION": pinned} if pinned else {}
    done = generate(project, "python generator.py", env=env)
    assert done.code == 0, done.text
    assert (project.folder / "models.md").read_text() == "User"


def test_a_failing_custom_generator_says_why(project: Project) -> None:
    """An error in the user's generator reaches the user, as with 5.17."""
    project.write("generator.py", BASE_GENERATOR.replace("models[0].name", "models[9].name"))
    done = generate(project, "python generator.py")
    assert (done.code, "IndexError" in done.text) == (1, True), done.text


@pytest.mark.parametrize(
    "provider",
    [
        "python -m prisma",
        pytest.param("{bin}/prisma-client-py", marks=pytest.mark.full),
        pytest.param("{bin}/prisma", marks=pytest.mark.full),
        "python client.py",
        pytest.param("python run_module.py -m prisma", marks=pytest.mark.full),
    ],
)
def test_every_way_to_name_upstreams_generator_gets_the_engine(
    project: Project, provider: str
) -> None:
    """Upstream's own program would make a client that looks for an engine binary."""
    bin_folder = project.environment.folder / "bin"
    program = bin_folder / "prisma-client-py"
    program.write_text((bin_folder / "prisma").read_text())
    program.chmod(0o755)
    project.write("client.py", "from prisma.generator import Generator\nGenerator.invoke()\n")
    # As `coverage run -m prisma` does.
    run = "import runpy, sys\nname = sys.argv[2]\nsys.argv = ['x']\n"
    project.write("run_module.py", f"{run}runpy.run_module(name, run_name='__main__')\n")
    done = generate(project, provider.format(bin=bin_folder), "  recursive_type_depth = -1")
    assert done.code == 0, done.text
    assert "Generated Prisma Client Python (v0.15.0)" in done.text
    package = project.environment.client_package
    assert "prisma_wasm.client" in (package / "client.py").read_text()
    assert (package / "query_compiler.wasm").is_file()


def test_an_environment_without_the_engine_refuses_to_generate(project: Project) -> None:
    """Nothing tells upstream alone to accept our CLI: it would make a client without the engine."""
    hide = "import sys; sys.modules['nodejs'] = None\n"
    project.write("only_upstream.py", f"{hide}from prisma.cli import main\nmain(['prisma'])\n")
    done = generate(project, "python only_upstream.py", "  recursive_type_depth = -1")
    assert (done.code, "expected Prisma version" in done.text) == (1, True), done.text


def test_a_marker_called_prisma_is_not_the_command(project: Project) -> None:
    """`pytest -m prisma` selects tests: the client is there, as in any program."""
    assert project.prisma("generate").code == 0
    project.write("pytest_like.py", "import prisma; print(prisma.Prisma.__module__)\n")
    seen = project.run("python", "pytest_like.py", "-m", "prisma")
    assert seen.out == "prisma.client\n", seen.text


PARTIALS = """
import sys

for name in sys.modules.copy():
    if "prisma" in name and "generator" not in name:
        sys.modules.pop(name, None)

from prisma.models import User

User.create_partial("UserMail", include={"email"})
"""


@pytest.mark.parametrize("is_first", [True, False])
def test_partial_types_may_remove_prismas_modules(project: Project, *, is_first: bool) -> None:
    """Some applications load the package anew; upstream on 5.17 generated the client.

    The first time there is no module of partial types yet, which the package imports.
    """
    if is_first:
        (project.environment.client_package / "partials.py").unlink(missing_ok=True)
    project.write("partials.py", PARTIALS)
    options = '  recursive_type_depth = -1\n  partial_type_generator = "partials.py"'
    done = generate(project, "prisma-client-py", options)
    assert done.code == 0, done.text
    seen = project.python("from prisma.partials import UserMail; print(*UserMail.model_fields)")
    assert seen.out == "email\n", seen.text


def test_a_package_in_the_working_directory_makes_its_own_partial_types(project: Project) -> None:
    """`python -m prisma` loads `./prisma`, which 5.17 generated from its own models."""
    installed = project.environment.client_package
    generated = shutil.ignore_patterns("client.py", "partials.py", "__pycache__")
    shutil.copytree(installed, project.folder / "prisma", ignore=generated, dirs_exist_ok=True)
    project.write("partials.py", PARTIALS.replace("UserMail", "Here"))
    options = '  output = "prisma"\n  partial_type_generator = "partials.py"'
    done = generate(project, "python -m prisma", options + "\n  recursive_type_depth = -1")
    assert done.code == 0, done.text
    assert "class Here(" in (project.folder / "prisma/partials.py").read_text()
    assert "prisma_wasm.client" in (project.folder / "prisma/client.py").read_text()


def test_an_error_after_removing_the_modules_is_shown(project: Project) -> None:
    """The script's own error reaches the user, not one of the generator's tidying."""
    project.write("partials.py", f"{PARTIALS}\nraise LookupError('mine')\n")
    options = '  recursive_type_depth = -1\n  partial_type_generator = "partials.py"'
    done = generate(project, "prisma-client-py", options)
    assert (done.code, "LookupError: mine" in done.text) == (1, True), done.text
    assert "_prisma_wasm_generates_this_client" not in done.text
