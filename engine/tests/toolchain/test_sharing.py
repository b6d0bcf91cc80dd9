"""One verified copy of the Node packages for all environments of a user.

Most tests install a few files instead of the packages: `installing` is what they share.
"""

import errno
import os
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest
from projects import Environment, make_environment

from prisma_wasm.toolchain import folders, shared
from prisma_wasm.toolchain.errors import StorageError
from prisma_wasm.toolchain.staging import Staging

NAME = "packages"


class Installer:
    """Installs three files and a link, and counts how often."""

    def __init__(self) -> None:
        self.calls = 0
        self.fails_below: Path | None = None

    def __call__(self, place: Staging) -> None:
        if self.fails_below and place.work.is_relative_to(self.fails_below):
            raise StorageError("The disk is full.", mend="Free some space.")
        self.calls += 1
        (place.work / "bin").mkdir()
        (place.work / "bin/run").write_text("#!/bin/sh\n")
        (place.work / "bin/run").chmod(0o755)
        (place.work / "data.json").write_text("{}")
        (place.work / "empty").write_text("")
        (place.work / "bin/link").symlink_to("run")


class User:
    """A home, and environments of its user."""

    def __init__(self, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.folder = folder
        self.home = folder / "home"
        self.home.mkdir()
        self.monkeypatch = monkeypatch
        for name in (folders.OVERRIDE, "PRISMA_BINARY_CACHE_DIR", "XDG_CACHE_HOME"):
            monkeypatch.delenv(name, raising=False)
        monkeypatch.setenv("HOME", str(self.home))
        monkeypatch.chdir(folder)

    def provide(self, environment: str, build: Installer, *, again: bool = False) -> Path:
        """Have the files in an environment."""
        self.monkeypatch.setattr(sys, "prefix", str(self.folder / environment))
        root = folders.writable()
        assert root == self.folder / environment / "share/prisma-wasm"
        target = shared.provide(root, NAME, build, what="some files", again=again)
        assert target == root / NAME
        return target

    @property
    def store(self) -> Path:
        (found,) = self.home.glob(".cache/prisma-python/binaries/*/*/prisma-wasm")
        return found


@pytest.fixture
def user(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> User:
    return User(tmp_path, monkeypatch)


def assert_whole(folder: Path) -> None:
    """Everything is there, as it was installed."""
    assert shared.is_whole(folder)
    assert (folder / "data.json").read_text() == "{}"
    assert (folder / "empty").read_text() == ""
    assert os.access(folder / "bin/run", os.X_OK)
    assert (folder / "bin/link").readlink() == Path("run")
    assert list(folder.parent.glob(".staging-*")) == []


def test_environments_share_their_files(user: User) -> None:
    """The second one installs nothing; its files are those of the first, by hard links."""
    build = Installer()
    one, other = user.provide("one", build), user.provide("other", build)
    assert build.calls == 1
    for folder in (one, other):
        assert_whole(folder)
    assert (one / "data.json").samefile(other / "data.json")
    # Each environment notes by itself when it was last used.
    assert not (one / shared.MANIFEST).samefile(other / shared.MANIFEST)


def test_again_replaces_the_shared_copy(user: User) -> None:
    """`prisma-wasm install --force` mends what others get, too; they keep what they have."""
    build = Installer()
    one = user.provide("one", build)
    other = user.provide("other", build, again=True)
    assert build.calls == 2
    for folder in (one, other):
        assert_whole(folder)
    assert not (one / "data.json").samefile(other / "data.json")


@pytest.mark.parametrize("damage", ["changed", "emptied", "missing", "no manifest", "bad manifest"])
def test_a_damaged_copy_is_installed_again(
    user: User, damage: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """A file that was changed through one environment's link reaches no other environment."""
    build = Installer()
    one = user.provide("one", build)
    file, manifest = user.store / NAME / "data.json", user.store / NAME / shared.MANIFEST
    if damage == "changed":
        (one / "data.json").write_text("[]")
        assert file.read_text() == "[]"
    elif damage == "emptied":
        file.write_text("")
    elif damage == "missing":
        file.unlink()
    elif damage == "no manifest":
        manifest.unlink()
    else:
        manifest.write_text("[]")
    other = user.provide("other", build)
    assert build.calls == 2
    assert_whole(other)
    assert_whole(user.store / NAME)
    said = capsys.readouterr().err
    assert ("is installed again" in said) == (damage != "no manifest"), said


def test_files_that_were_added_are_not_passed_on(user: User) -> None:
    """Only what was installed is linked."""
    build = Installer()
    user.provide("one", build)
    (user.store / NAME / "added.js").write_text("")
    assert not (user.provide("other", build) / "added.js").exists()


def test_another_disk_gets_copies(user: User, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where nothing can be linked, files are copied, with their modes."""

    def refuse(_self: Path, _target: Path) -> None:
        raise OSError(errno.EXDEV, os.strerror(errno.EXDEV))

    monkeypatch.setattr(Path, "hardlink_to", refuse)
    build = Installer()
    folder = user.provide("one", build)
    assert_whole(folder)
    assert not (folder / "data.json").samefile(user.store / NAME / "data.json")


@pytest.mark.parametrize("trouble", ["read-only", "home is a file", "no space", "somebody else's"])
def test_a_home_that_can_not_be_used_is_no_hindrance(
    user: User, trouble: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The environment then has a copy of its own, and nothing is left in the home."""
    build = Installer()
    if trouble == "read-only":
        monkeypatch.setattr(os, "access", _denies(user.home))
    elif trouble == "home is a file":
        monkeypatch.setenv("HOME", os.devnull)
    elif trouble == "no space":
        build.fails_below = user.home
    else:
        owner = os.geteuid()
        monkeypatch.setattr(os, "geteuid", lambda: owner + 1)
    folder = user.provide("one", build)
    assert (build.calls, (folder / "data.json").stat().st_nlink) == (1, 1)
    assert_whole(folder)
    assert list(user.home.rglob("data.json")) == []
    assert list(user.home.rglob(".staging-*")) == []


def _denies(*paths: Path) -> object:
    """`os.access` for a user who may not write to some folders; root may write everywhere."""
    real = os.access

    def access(path: Path, mode: int) -> bool:
        return not (mode & os.W_OK and Path(path) in paths) and real(path, mode)

    return access


def test_what_no_environment_asks_for_is_removed(user: User) -> None:
    """Other versions stay for as long as some environment may want them."""
    build = Installer()
    user.provide("one", build)
    for name, age in (("recent", 0), ("old", shared.UNUSED_SECONDS + 60)):
        manifest = user.store / name / shared.MANIFEST
        manifest.parent.mkdir()
        manifest.write_text("{}")
        used = manifest.stat().st_mtime - age
        os.utime(manifest, (used, used))
    user.provide("other", build)
    assert sorted(path.name for path in user.store.glob("[!.]*")) == [NAME, "recent"]


PROVIDE = """
import os, signal, sys
from pathlib import Path
from prisma_wasm.toolchain import folders, locking, shared

sys.prefix, killed_at = sys.argv[1], sys.argv[2]

def build(place):
    with Path("built").open("a") as log:
        log.write("x")
    for number in range(3):
        (place.work / f"file{number}").write_text(str(number))
        if killed_at == f"build {number}":
            os.kill(os.getpid(), signal.SIGKILL)

def dying(function, at):
    calls = 0
    def call(*arguments):
        nonlocal calls
        if killed_at == f"{at} {calls}":
            os.kill(os.getpid(), signal.SIGKILL)
        calls += 1
        return function(*arguments)
    return call

shared._link_file = dying(shared._link_file, "link")
shared._put = dying(shared._put, "put")
root = folders.writable()
with locking.locked(root):
    if killed_at == "again" or not shared.is_whole(root / "packages"):
        shared.provide(root, "packages", build, what="files", again=killed_at == "again")
print(*sorted(path.read_text() for path in (root / "packages").glob("file*")))
"""


def start(user: User, environment: str, killed_at: str = "") -> "subprocess.Popen[str]":
    """Start a process that provides files in an environment."""
    return subprocess.Popen(
        [sys.executable, "-c", PROVIDE, str(user.folder / environment), killed_at],
        cwd=user.folder,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def test_environments_that_are_made_at_once_install_once(user: User) -> None:
    """One installs, the others wait for it, and each has everything."""
    # Four environments, and two processes for each.
    processes = [start(user, f"environment{number % 4}") for number in range(8)]
    results = [process.communicate(timeout=120) for process in processes]
    assert {out for out, _ in results} == {"0 1 2\n"}, results
    assert (user.folder / "built").read_text() == "x"


@pytest.mark.parametrize("killed_at", ["build 1", "put 0", "link 0", "link 2", "put 1"])
def test_a_killed_process_leaves_nothing_that_is_used(user: User, killed_at: str) -> None:
    """Whatever it was doing, the next process in any environment has everything."""
    killed = start(user, "one", killed_at)
    killed.communicate(timeout=60)
    assert killed.returncode == -9
    for environment in ("other", "one"):
        out, err = start(user, environment).communicate(timeout=60)
        assert out == "0 1 2\n", err
        share = user.folder / environment / "share/prisma-wasm"
        assert list(share.glob(".staging-*")) == []
    assert list(user.store.glob(".staging-*")) == []


def test_replacing_never_leaves_a_part(user: User) -> None:
    """A process that is killed while it replaces a folder leaves the old one, or none."""
    assert start(user, "one").communicate(timeout=60)[0] == "0 1 2\n"
    shown = textwrap.dedent(PROVIDE).replace('killed_at == "again"', "True")
    for killed_at in ("put 0", "put 1"):
        killed = subprocess.run(
            [sys.executable, "-c", shown, str(user.folder / "one"), killed_at],
            cwd=user.folder,
            capture_output=True,
            timeout=60,
            check=False,
        )
        assert killed.returncode == -9
        assert start(user, "one").communicate(timeout=60)[0] == "0 1 2\n"


def test_upstreams_cache_folder_can_be_copied_to_another_home(
    user: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Images without an environment copy `~/.cache/prisma-python`: the packages are in it."""
    monkeypatch.setattr(sys, "prefix", sys.base_prefix)
    root = folders.writable()
    assert root.is_relative_to(user.home / ".cache/prisma-python/binaries")
    shared.provide(root, NAME, Installer(), what="files")
    other = user.folder / "other-home"
    (other / ".cache").mkdir(parents=True)
    (user.home / ".cache/prisma-python").rename(other / ".cache/prisma-python")
    monkeypatch.setenv("HOME", str(other))
    assert_whole(next(folders.searched()) / NAME)


@pytest.mark.parametrize("how", ["variable", "setting"])
def test_upstreams_setting_for_its_cache_folder_counts(
    user: User, how: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """`PRISMA_BINARY_CACHE_DIR` and `binary_cache_dir` name the folder, as in 0.15."""
    monkeypatch.setattr(sys, "prefix", sys.base_prefix)
    named = user.folder / "app/cache"
    if how == "variable":
        monkeypatch.setenv("PRISMA_BINARY_CACHE_DIR", str(named))
    else:
        text = '[tool.prisma]\nbinary_cache_dir = "app/cache"\n'
        (user.folder / "pyproject.toml").write_text(text)
    assert folders.writable() == named / "prisma-wasm"


def test_a_second_environment_needs_no_network(environment: Environment, tmp_path: Path) -> None:
    """The real packages: the first command in a new environment links them, verified."""
    second = make_environment(tmp_path / "second")
    away = {"npm_config_registry": "http://127.0.0.1:9/", "npm_config_offline": "true"}
    env = away | {"HOME": str(environment.home), "npm_config_cache": str(tmp_path / "npm")}
    done = second.run("prisma", "version", cwd=tmp_path, env=env)
    assert done.code == 0, done.text
    assert "Linking the Node packages into this environment: done" in done.err
    assert "Installing" not in done.text
    name = f"share/prisma-wasm/{folders.version_key()}/node_modules/prisma-cli/package.json"
    assert (second.folder / name).samefile(environment.folder / name)
