"""One verified copy of what was installed, for all environments of a user.

An environment must be whole by itself, since images and machines get it without the user's cache.
So the copy is linked into it, or copied where it is on another disk. A manifest names every file
with its hash: a file that was changed, perhaps through an environment's link, is never passed on.
"""

import hashlib
import json
import os
import shutil
import time
from collections.abc import Callable
from pathlib import Path

from prisma_wasm.toolchain import folders
from prisma_wasm.toolchain.errors import StorageError
from prisma_wasm.toolchain.locking import locked
from prisma_wasm.toolchain.progress import Progress, say
from prisma_wasm.toolchain.staging import Staging, staging

# Written last: a folder with a manifest is whole.
MANIFEST = ".prepared"
UNUSED_SECONDS = 60 * 24 * 3600

Build = Callable[[Staging], None]


class DamagedError(Exception):
    """A file of the shared copy is not as it was installed."""


def provide(root: Path, name: str, build: Build, *, what: str, again: bool = False) -> Path:
    """Have the folder `name` below `root`, whose lock the caller holds.

    `build` installs into a folder that it is given; `again` has it install also what is there.
    `what` is said to the user.
    """
    store = _store_for(root)
    if store is None:
        return _install(root, name, build)
    try:
        with locked(store):
            return _link(_stored(store, name, build, again=again), root / name, what)
    except DamagedError as error:
        say(f"{error} It is installed again.")
    except (OSError, StorageError) as error:
        # A read-only or full home, a file system without locks.
        say(f"The user's cache can't be used ({error}); this environment gets its own copy.")
        return _install(root, name, build)
    with locked(store):
        return _link(_stored(store, name, build, again=True), root / name, what)


def is_whole(folder: Path) -> bool:
    """Whether a folder was installed to its end."""
    return (folder / MANIFEST).is_file()


def _store_for(root: Path) -> Path | None:
    """The user's folder to share by; none where `root` is that, or where nobody may rely on it."""
    if root != folders.in_environment():
        return None
    return next((folder for folder in folders.of_user() if _is_own(folder)), None)


def _is_own(folder: Path) -> bool:
    """Whether the folder is this user's: what another one can change must not get linked.

    With `sudo` the home may be somebody else's.
    """
    return folders.can_write(folder) and folders.nearest(folder).stat().st_uid == os.geteuid()


def _stored(store: Path, name: str, build: Build, *, again: bool) -> Path:
    if again or not is_whole(store / name):
        _install(store, name, build)
    os.utime(store / name / MANIFEST)
    _clean_unused(store)
    return store / name


def _install(root: Path, name: str, build: Build) -> Path:
    with staging(root) as place:
        build(place)
        _write_manifest(place.work)
        return _put(place.work, root / name)


def _clean_unused(store: Path) -> None:
    """Remove what no environment has asked for in a long time: other versions."""
    for manifest in store.glob(f"*/{MANIFEST}"):
        if time.time() - manifest.stat().st_mtime > UNUSED_SECONDS:
            shutil.rmtree(manifest.parent, ignore_errors=True)


def _link(source: Path, target: Path, what: str) -> Path:
    progress = Progress(f"Linking {what} into this environment")
    with staging(target.parent) as place:
        try:
            _link_files(source, place.work)
        except BaseException:
            progress.failed()
            raise
        _put(place.work, target)
    progress.done("done")
    return target


def _put(work: Path, target: Path) -> Path:
    """Give a folder its name. What had that name goes as a whole, not file by file."""
    if target.exists():
        target.rename(work.with_name("replaced"))
    return work.rename(target)


def _write_manifest(folder: Path) -> None:
    files: dict[str, str] = {}
    links: dict[str, str] = {}
    for path in sorted(folder.rglob("*")):
        name = path.relative_to(folder).as_posix()
        if path.is_symlink():
            links[name] = str(path.readlink())
        elif path.is_file():
            files[name] = _hash(path.read_bytes())
    text = json.dumps({"files": files, "links": links})
    (folder / MANIFEST).write_text(text, encoding="utf-8")


def _link_files(source: Path, target: Path) -> None:
    """Link every file that the manifest names; a hard link keeps the file's mode."""
    text = (source / MANIFEST).read_text(encoding="utf-8")
    try:
        manifest = json.loads(text)
        files: dict[str, str] = manifest["files"]
        links: dict[str, str] = manifest["links"]
    except (ValueError, KeyError, TypeError):
        raise DamagedError(f"The manifest of {source} can't be read.") from None
    for folder in {(target / name).parent for name in (*files, *links)}:
        folder.mkdir(parents=True, exist_ok=True)
    for name, expected in files.items():
        _link_file(source / name, target / name, expected)
    for name, destination in links.items():
        (target / name).symlink_to(destination)
    (target / MANIFEST).write_text(text, encoding="utf-8")


def _link_file(source: Path, target: Path, expected: str) -> None:
    try:
        content = source.read_bytes()
    except FileNotFoundError:
        content = b""
    if _hash(content) != expected:
        raise DamagedError(f"{source} is not as it was installed.")
    try:
        target.hardlink_to(source)
    except OSError:  # another disk, or a file system without hard links
        target.write_bytes(content)
        shutil.copymode(source, target)


def _hash(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()
