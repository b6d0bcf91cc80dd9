"""Commands that need no database."""

import json
import shlex
from pathlib import Path

import pytest
from cli_project import Project, full

GENERATOR = """
const say = (message) => process.stderr.write(JSON.stringify(message) + "\\n");
require("readline").createInterface({ input: process.stdin }).on("line", (line) => {
  const { id, method, params } = JSON.parse(line);
  const seen = () => JSON.stringify(params.generator);
  if (method === "generate") require("fs").writeFileSync(process.env.SEEN, seen());
  const manifest = { manifest: { prettyName: "Check" } };
  say({ jsonrpc: "2.0", id, result: method === "getManifest" ? manifest : null });
});
"""


def add_generator(project: Project, features: str = "") -> Path:
    """A generator that writes down what it is given; returns where."""
    script = project.folder / "generator.cjs"
    script.write_text(GENERATOR)
    seen = project.folder / "seen.json"
    project.env["SEEN"] = str(seen)
    provider = f"{shlex.quote(project.cli.variables['PRISMA_WASM_NODE'])} {script}"
    generator = f'generator g {{\n  provider = "{provider}"\n  output = "./out"\n  {features}\n}}\n'
    project.schema.write_text(generator + project.schema.read_text())
    return seen


@pytest.mark.parametrize(
    ("command", "pattern"),
    [
        ("validate", "is valid"),
        full("format", "Formatted"),
        ("version", "Schema Engine +: schema-engine-cli c2990dca"),
        full("--version", "libquery-engine c2990dca"),
        (
            "migrate diff --from-empty --to-schema-datamodel prisma/schema.prisma --script",
            'CREATE TABLE "User"',
        ),
    ],
)
def test_commands_without_a_database(project: Project, command: str, pattern: str) -> None:
    """What needs no database asks for none, even where none can be reached."""
    project.prisma(*command.split(), DATABASE_URL="postgresql://x@127.0.0.1:1/x").expect(0, pattern)


def test_generators_run(project: Project) -> None:
    """`prisma generate` runs a generator and needs neither the database nor an engine."""
    seen = add_generator(project)
    project.prisma("generate").expect(0, "Generated Check").lacks("warn")
    assert json.loads(seen.read_text())["previewFeatures"] == []


def test_an_invalid_schema(project: Project) -> None:
    """A schema error is named with its line."""
    project.edit("posts     Post[]", "posts     Nothing[]")
    project.prisma("validate").expect(
        1, 'Type "Nothing" is neither a built-in type.*schema.prisma:17'
    )


def test_the_word_of_prisma_5_for_full_text_search(project: Project) -> None:
    """`fullTextSearch` stays in the schema, means Prisma 6's own feature and brings no warning."""
    seen = add_generator(project, 'previewFeatures = ["fullTextSearch"]')
    before = project.schema.read_text()
    for command in ("validate", "format", "generate", "version"):
        project.prisma(command).expect(0, "").lacks("renamed|warning|warn ")
    assert json.loads(seen.read_text())["previewFeatures"] == ["fullTextSearchPostgres"]
    assert '"fullTextSearch"' in project.schema.read_text()
    assert project.schema.read_text().split() == before.split()


@pytest.mark.full
def test_other_warnings_stay(project: Project) -> None:
    """Only the one warning that users can do nothing about is kept from them."""
    add_generator(project, 'previewFeatures = ["fullTextSearch", "tracing"]')
    project.prisma("validate").expect(
        0, 'Prisma schema warning:\n- Preview feature "tracing" is deprecated'
    ).lacks("renamed")


def test_packages_that_are_not_named(project: Project) -> None:
    """Without the variable that names the npm packages the engine says which one is missing."""
    project.env["PRISMA_WASM_NODE_MODULES"] = ""
    project.prisma("migrate", "status").expect(
        1, "PRISMA_WASM_NODE_MODULES must name the node_modules folder"
    )
