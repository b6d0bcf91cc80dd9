"""The folders and files of one embedded server, and where its data is.

The *folder* is what the project names (`.data/postgres`). It holds the locks and, in the normal
case, everything else too. The *home* holds the data. It is another folder, named by a pointer file
in the first, where PostgreSQL's user cannot work in the folder: root's project in a directory that
only root may enter, or a file system without permissions.
"""

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
_POINTER = "elsewhere.json"
# PostgreSQL cuts paths at 1024 bytes and appends its own names to ours.
_LONGEST_PATH = 850
_CAN_WORK = 'cd "$1" && : > .probe && rm .probe'


@dataclass(frozen=True)
class Home:
    """Where things are. The folder's owner is the manager; the cluster's owner is PostgreSQL's."""

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
    existing = nearest_existing(folder)
    manager = existing.stat()
    try:
        for part in [*reversed(folder.parents), folder]:
            if part.exists():
                continue
            part.mkdir(mode=0o755, exist_ok=True)
            if os.geteuid() == 0 and manager.st_uid == account.uid:
                account.own(part)
        if folder.stat().st_uid == os.geteuid() or os.geteuid() == 0:
            # Locks and password have modes of their own; a foreign server user must pass through.
            folder.chmod(0o700 if folder.stat().st_uid == account.uid else 0o711)
    except OSError as error:
        raise EmbeddedError(f"Cannot use {folder} for the embedded PostgreSQL: {error}") from error


def find_home(folder: Path) -> Home | None:
    """Where the data of this folder is, if there is any."""
    pointer = folder / _POINTER
    try:
        path = Path(json.loads(pointer.read_text())["path"])
    except FileNotFoundError:
        home = Home(folder, folder)
        return home if home.cluster.exists() else None
    except (ValueError, KeyError, TypeError) as error:
        raise EmbeddedError(
            f"{pointer} is damaged: {error!r}. It names the folder of the data of {folder}."
        ) from error
    if not path.exists():
        raise EmbeddedError(
            f"The data of {folder} was in {path}, which is gone."
            f" To begin with an empty database, delete {pointer}."
        )
    return Home(folder, path)


def make_home(folder: Path, account: Account) -> tuple[Home, Path]:
    """A place for new data, with an empty folder in it that PostgreSQL's user can work in."""
    if draft := _draft(folder, account):
        return Home(folder, folder), draft
    for base in _state_bases():
        path = _state_folder(base, folder)
        if path is None:
            continue
        if draft := _draft(path, account):
            write_private(folder / _POINTER, json.dumps({"path": str(path)}) + "\n")
            return Home(folder, path), draft
        path.rmdir()
    raise EmbeddedError(
        f"PostgreSQL, which runs as the user {account.name}, can work neither in {folder} nor in"
        f" {' nor in '.join(map(str, _state_bases()))}. Name a folder that it can reach in"
        f" {STATE_VARIABLE}, run as another user, or set DATABASE_URL."
    )


def _draft(path: Path, account: Account) -> Path | None:
    draft = Path(tempfile.mkdtemp(prefix="new-", dir=path))
    try:
        account.own(draft)
        # Where modes do not stick (some mounts), PostgreSQL refuses its own folder.
        if not stat.S_IMODE(draft.stat().st_mode) & 0o077 and account.can(_CAN_WORK, draft):
            return draft
    except OSError:
        pass
    draft.rmdir()
    return None


def _state_bases() -> list[Path]:
    if named := os.environ.get(STATE_VARIABLE):
        return [Path(named).absolute()]
    if os.geteuid() == 0:
        return [Path("/var/lib/prisma-wasm"), Path("/var/tmp")]  # noqa: S108 - see _state_folder
    return [Path.home() / ".local" / "state" / "prisma-wasm"]


def _state_folder(base: Path, folder: Path) -> Path | None:
    """A new folder of our own; its name cannot be guessed and `mkdir` follows no link."""
    name = f"prisma-wasm-{os.geteuid()}-{folder.parent.parent.name[:40]}-{secrets.token_hex(8)}"
    try:
        base.mkdir(mode=0o755, parents=True, exist_ok=True)
        path = base / name
        path.mkdir(mode=0o711)
        path.chmod(0o711)
    except OSError:
        return None
    return path


def write_private(path: Path, text: str) -> None:
    """Replace a file whole, readable by its owner alone."""
    draft = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o600)
    with os.fdopen(descriptor, "w") as file:
        file.write(text)
    draft.replace(path)


def forget_home(folder: Path) -> None:
    """Delete the data of this folder, wherever it is, and every draft; the locks stay."""
    home = find_home(folder)
    if home and home.path != folder:
        shutil.rmtree(home.path)
    for path in folder.iterdir():
        if path.suffix == ".lock":
            continue
        if path.is_dir() and not path.is_symlink():
            shutil.rmtree(path)
        else:
            path.unlink()
