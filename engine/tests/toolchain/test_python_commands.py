"""`prisma py ...`, and upstream's cache folder, on which people's build scripts rely."""

import json
import os
import re
import subprocess
from pathlib import Path

from projects import Environment, Project, make_environment

from prisma_wasm.toolchain import versions

BINARIES = Path(".cache/prisma-python/binaries")


def test_version_names_what_runs(project: Project) -> None:
    """5.17 printed its own CLI and engine here; those do not run any more."""
    shown = project.prisma("py", "version")
    assert shown.code == 0, shown.text
    found = dict(line.split(" : ", 1) for line in shown.out.splitlines())
    values = {name.strip(): value for name, value in found.items()}
    cli = project.prisma("version").out
    assert values["prisma"] in cli
    assert values["prisma"] == "6.19.3"
    assert values["expected engine version"] in cli
    assert values["expected engine version"] == versions.engine()
    assert values["prisma client python"] == "0.15.0"
    assert values["query compiler"] == versions.query_compiler()
    assert Path(values["binary cache dir"]).is_dir()
    as_json = json.loads(project.prisma("py", "version", "--json").out)
    assert {name.replace(" ", "-") for name in values} == set(as_json)
    assert as_json["expected-engine-version"] == versions.engine()


def test_the_versions_are_those_of_the_lock_file() -> None:
    """Everything that names a version takes it from one place."""
    lock = json.loads((versions.MANIFEST.parent / "package-lock.json").read_bytes())
    installed = lock["packages"]["node_modules/prisma-cli"]["version"]
    assert versions.cli() == installed
    assert re.fullmatch(r"[0-9a-f]{40}", versions.engine())


def test_fetch_prepares_and_speaks_of_no_download(project: Project) -> None:
    """Upstream's said "Downloaded binaries to ..."; there are none."""
    for command in (["fetch"], ["fetch", "--help"], ["--help"]):
        done = project.prisma("py", *command)
        assert done.code == 0, done.text
        assert not re.search("download", done.text, re.IGNORECASE), done.text
    fetched = project.prisma("py", "fetch")
    folder = next(project.environment.folder.glob("share/prisma-wasm/*/.prepared")).parent
    assert str(folder) in fetched.out


def test_other_commands_of_upstream_are_there(project: Project) -> None:
    """Only two are replaced."""
    shown = project.prisma("py", "--help").out
    names = re.findall(r"^  (\w+) ", shown.partition("Commands:")[2], re.MULTILINE)
    assert names == ["dev", "fetch", "generate", "version"]


def test_scripts_find_upstreams_cache_folder_and_engines(project: Project) -> None:
    """Dockerfiles copy the folder; build scripts look for engines in it, and copy them, too."""
    assert project.prisma("py", "fetch").code == 0
    script = f"""
        set -e
        cp -r "$HOME/{BINARIES}" copied
        for name in query-engine schema-engine; do
            engine=$(find "$HOME/.cache/prisma-python/binaries" -name "$name-*" -type f | head -n 1)
            cp "$engine" "engine-$name"
            chmod +x "engine-$name"
        done
        """
    done = project.run("/bin/sh", "-c", script)
    assert done.code == 0, done.text
    engine = subprocess.run(
        [project.folder / "engine-query-engine", "--version"], capture_output=True, check=False
    )
    assert (engine.returncode, b"needs it" in engine.stderr) == (1, True)


def test_a_cache_folder_that_the_user_names_is_used(
    environment: Environment, tmp_path: Path
) -> None:
    """`PRISMA_BINARY_CACHE_DIR`, in an image: a new environment takes what is in it."""
    named = tmp_path / "app/cache"
    first = make_environment(tmp_path / "first")
    store = next((environment.home / BINARIES).glob("*/*/prisma-wasm"))
    named.mkdir(parents=True)
    (named / "prisma-wasm").symlink_to(store)
    env = {"PRISMA_BINARY_CACHE_DIR": str(named), "npm_config_registry": "http://127.0.0.1:9/"}
    done = first.run("prisma", "version", cwd=tmp_path, env=env)
    assert (done.code, "Installing" in done.text) == (0, False), done.text
    assert (named / "node_modules/prisma/build/index.js").is_file()
    assert not (first.home / BINARIES).exists()


def test_pinned_versions_of_upstream_do_no_harm(project: Project) -> None:
    """Images for upstream pin its CLI and engine; the client is generated all the same."""
    pins = {
        "PRISMA_VERSION": "5.17.0",
        "PRISMA_EXPECTED_ENGINE_VERSION": "393aa359c9ad4a4bb28630fb5613f9c281cde053",
        "PRISMA_QUERY_ENGINE_BINARY": "/app/query-engine",
        "PRISMA_HOME_DIR": os.fspath(project.folder / "home"),
    }
    done = project.prisma("generate", env=pins)
    assert (done.code, "Generated Prisma Client Python" in done.text) == (0, True), done.text
    assert (project.folder / "home" / BINARIES).is_dir()
