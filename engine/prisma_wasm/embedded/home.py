"""The folders and files of one embedded server, and where its data is.

The *folder* is what the project names (`.data/postgres`). It holds the locks and, in the normal
case, everything else too. The *home* holds the data. It is another folder, named by a pointer file
in the first, where PostgreSQL's user cannot work in the folder: root's project in a directory that
only root may enter, or a file system without permissions.
"""

import contextlib
import json
import os
import secrets
import shutil
import stat
import tempfile
from dataclasses import asdict, dataclass
from pathlib import Path

from .account import Account, nearest_existing
from .errors import EmbeddedError

STATE_VARIABLE = "PRISMA_WASM_STATE"
_GIT_IGNORE = ".gitignore"
_POINTER = "elsewhere.json"
# In a home that is elsewhere: which folder it belongs to.
_OWNER = "belongs-to.json"
_DRAFT = "new-"
# PostgreSQL cuts paths at 1024 bytes and appends its own names to ours.
_LONGEST_PATH = 850
# The shell's own commands alone: the caller's PATH may lie where PostgreSQL's user cannot look.
_PROBE = ".probe"
_CAN_WORK = f'cd "$1" && : > {_PROBE}'


@dataclass(frozen=True)
class Home:
    """Where the data of a folder is: in itself, or elsewhere."""

    folder: Path
    path: Path

    @property
    def cluster(self) -> Path:
        return self.path / "cluster"

    @property
    def password_file(self) -> Path:
        return self.path / "pgpass"

    @property
    def state_file(self) -> Path:
        return self.path / "state.json"

    @property
    def log(self) -> Path:
        return self.path / "postgres.log"


@dataclass(frozen=True)
class State:
    """What is remembered of a cluster: the port it prefers and the databases made for projects."""

    port: int | None = None
    databases: tuple[str, ...] = ()


def read_state(home: Home) -> State:
    """The remembered state; a damaged file only costs a new port."""
    try:
        known = json.loads(home.state_file.read_text())
        return State(int(known["port"]), tuple(map(str, known["databases"])))
    except (OSError, ValueError, KeyError, TypeError):
        return State()


def write_state(home: Home, state: State) -> None:
    write_private(home.state_file, json.dumps(asdict(state)) + "\n")


def start_lock(folder: Path) -> Path:
    """Held while somebody starts, stops or resets the server."""
    return folder / "start.lock"


def keeper_lock(folder: Path) -> Path:
    """Held by the keeper for as long as it lives."""
    return folder / "keeper.lock"


def users_lock(folder: Path) -> Path:
    """Held, shared, by every process that uses the server."""
    return folder / "users.lock"


def keeper_log(folder: Path) -> Path:
    return folder / "keeper.log"


def prepare_folder(folder: Path, account: Account) -> None:
    """Make the folder and the missing ones above it, without touching those that are there."""
    if len(os.fsencode(folder)) > _LONGEST_PATH:
        raise EmbeddedError(f"The path of {folder} is too long for PostgreSQL; set data_dir.")
    # What root makes in another user's project is that user's, who may come without root later.
    theirs = nearest_existing(folder).stat().st_uid == account.uid
    made: list[Path] = []
    try:
        for part in (*reversed(folder.parents), folder):
            if not part.exists():
                part.mkdir(mode=0o755, exist_ok=True)
                if theirs:
                    account.own(part)
                made.append(part)
        if folder in made:
            _keep_out_of_git(folder.parent if folder.parent in made else folder)
        known = folder.stat()
        # A foreign user of PostgreSQL's must pass through; what is inside has modes of its own.
        mode = 0o700 if known.st_uid == account.uid else 0o711
        if stat.S_IMODE(known.st_mode) != mode and os.geteuid() in (0, known.st_uid):
            folder.chmod(mode)
    except OSError as error:
        raise EmbeddedError(
            f"Cannot use {folder} for the embedded PostgreSQL: {error}."
            " Set data_dir in [tool.prisma-wasm] to a folder that can be written, or DATABASE_URL."
        ) from error


def _keep_out_of_git(place: Path) -> None:
    """What we made holds a database and its password, for nobody's repository."""
    ignored = place / _GIT_IGNORE
    ignored.write_text("# Made by prisma-wasm: the embedded database stays on this machine.\n*\n")
    inherit_owner(ignored)


def find_home(folder: Path) -> Home | None:
    """Where the data of this folder is, if there is any."""
    pointer = folder / _POINTER
    try:
        known = json.loads(pointer.read_text())
        path, token = Path(known["path"]), str(known["token"])
    except FileNotFoundError:
        home = Home(folder, folder)
        return home if home.cluster.exists() else None
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise EmbeddedError(
            f"{pointer}, which says where the data of {folder} is, cannot be read: {error!r}."
            " `prisma-wasm db reset` deletes it and begins with an empty database."
        ) from error
    owner = _owner_of(path)
    if owner is None or owner[1] != token:
        raise EmbeddedError(
            f"The data of {folder} was in {path}, which is gone or belongs to something else."
            " `prisma-wasm db reset` forgets it and begins with an empty database."
        )
    first = owner[0]
    if first != folder and points_to(first, path) and not _same(first, folder):
        # This folder is a copy, and the pointer in it a copy too: the data is the original's.
        return None
    return Home(folder, path)


def make_home(folder: Path, account: Account) -> tuple[Home, Path]:
    """A place for new data, with an empty folder in it that PostgreSQL's user can work in."""
    for left in folder.glob(f"{_DRAFT}*"):
        delete(left)
    (folder / _POINTER).unlink(missing_ok=True)
    if draft := _draft(folder, account):
        return Home(folder, folder), draft
    for base in state_bases():
        path = _state_folder(base, folder)
        if path is None:
            continue
        if draft := _draft(path, account):
            token = secrets.token_hex(16)
            write_private(path / _OWNER, json.dumps({"folder": str(folder), "token": token}))
            write_private(folder / _POINTER, json.dumps({"path": str(path), "token": token}))
            return Home(folder, path), draft
        path.rmdir()
    raise EmbeddedError(
        f"PostgreSQL, which runs as the user {account.name}, can work neither in {folder} nor in"
        f" {' nor in '.join(map(str, state_bases()))}. Name a folder that it can reach in"
        f" {STATE_VARIABLE}, run as another user, or set DATABASE_URL."
    )


def forget_home(folder: Path) -> None:
    """Delete the data of this folder, wherever it is, and every draft; the locks stay."""
    # A damaged pointer names nothing that could be deleted.
    with contextlib.suppress(EmbeddedError):
        home = find_home(folder)
        if home and home.path != folder:
            delete(home.path)
    for path in folder.iterdir():
        if path.suffix != ".lock" and path.name != _GIT_IGNORE:
            delete(path)


def state_bases() -> list[Path]:
    """Where data and programs go that cannot be used where they are."""
    if named := os.environ.get(STATE_VARIABLE):
        return [Path(named).absolute()]
    if os.geteuid() == 0:
        return [Path("/var/lib/prisma-wasm"), Path("/var/tmp")]  # noqa: S108 - see _state_folder
    return [Path.home() / ".local" / "state" / "prisma-wasm"]


def make_base(base: Path) -> None:
    """Make a base folder that all users may pass through, whatever the umask."""
    missing = [part for part in (base, *base.parents) if not part.exists()]
    for part in reversed(missing):
        part.mkdir(exist_ok=True)
        part.chmod(0o755)


def write_private(path: Path, text: str) -> None:
    """Replace a file whole, readable by the folder's owner alone."""
    draft = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o600)
    try:
        with os.fdopen(descriptor, "w") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        inherit_owner(draft)
        draft.replace(path)
    except OSError:
        draft.unlink(missing_ok=True)
        raise


def open_log(path: Path, *, afresh: bool = False) -> int:
    """Open a log file to write at its end; returns its descriptor."""
    flags = os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_NOFOLLOW
    descriptor = os.open(path, flags | (os.O_TRUNC if afresh else 0), 0o600)
    inherit_owner(path)
    return descriptor


def inherit_owner(path: Path) -> None:
    """Give what root made to the owner of the folder that it is in."""
    if os.geteuid() == 0:
        owner = path.parent.stat()
        os.chown(path, owner.st_uid, owner.st_gid, follow_symlinks=False)


def delete(path: Path) -> None:
    """Remove a file, or a folder with all that is in it; no link is followed."""
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)


def _draft(path: Path, account: Account) -> Path | None:
    draft = Path(tempfile.mkdtemp(prefix=_DRAFT, dir=path))
    try:
        account.own(draft)
        # Where modes do not stick (some mounts), PostgreSQL refuses its own folder.
        if not stat.S_IMODE(draft.stat().st_mode) & 0o077 and account.can(_CAN_WORK, draft):
            (draft / _PROBE).unlink()
            return draft
    except PermissionError:
        pass
    delete(draft)
    return None


def _state_folder(base: Path, folder: Path) -> Path | None:
    """A new folder of our own; its name cannot be guessed, and `mkdir` follows no link."""
    name = f"prisma-wasm-{os.geteuid()}-{folder.parent.parent.name[:40]}-{secrets.token_hex(8)}"
    try:
        make_base(base)
        path = base / name
        path.mkdir(mode=0o711)
        # The caller's umask may have taken away the right to pass through.
        path.chmod(0o711)
    except OSError:
        return None
    return path


def _owner_of(path: Path) -> tuple[Path, str] | None:
    """The folder and the secret that a home elsewhere belongs to, if it is one of ours."""
    with contextlib.suppress(OSError, ValueError, KeyError, TypeError):
        known = path.lstat()
        if not stat.S_ISDIR(known.st_mode) or known.st_uid != os.geteuid():
            return None
        if known.st_mode & 0o022:
            return None
        owner = json.loads((path / _OWNER).read_text())
        return Path(owner["folder"]), str(owner["token"])
    return None


def points_to(folder: Path, path: Path) -> bool:
    """Whether this folder's data is elsewhere, in that path."""
    with contextlib.suppress(OSError, ValueError, KeyError, TypeError):
        return json.loads((folder / _POINTER).read_text())["path"] == str(path)
    return False


def _same(first: Path, second: Path) -> bool:
    with contextlib.suppress(OSError):
        return first.samefile(second)
    return False
