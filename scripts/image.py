"""Build the Dockerfile's images without Docker and try them out, for machines that have no engine.

Each stage becomes a folder: debootstrap makes the base, instructions run in it with chroot. The
images then run as in production: as their own user, on a read-only root, without a network but
loopback. Needs root, debootstrap and Linux. `make test-image` runs it.
"""

import argparse
import ctypes
import http.client
import json
import os
import re
import shlex
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
MIRROR = "http://deb.debian.org/debian"
# What a build behind a proxy with a certificate authority of its own needs from this machine.
HOST_FILES = ("/etc/resolv.conf", "/etc/ssl/certs", "/etc/pip.conf")
HOST_VARIABLES = re.compile(r"(https?|no)_proxy|(SSL|PIP|UV|NPM|NODE_EXTRA)_\w+", re.IGNORECASE)
CLONE_NEWNET = 0x40000000
BUILD_LIMIT = 900
START_LIMIT = 60.0
STOP_LIMIT = 30.0
WRITABLE_FOR_MIGRATE = ("/tmp",)  # noqa: S108  (the image's own; the service needs none)


class ImageError(Exception):
    """An image cannot be built, or does not do what it is for."""


@dataclass(frozen=True)
class Image:
    """A stage of the Dockerfile: a root file system and what its instructions set."""

    root: Path
    environment: dict[str, str] = field(default_factory=dict[str, str])
    folder: str = "/"
    user: str = "0"
    command: tuple[str, ...] = ()
    health_command: tuple[str, ...] = ()
    # Folders for temporary files, as `tmpfs` in compose.yaml.
    writable: tuple[str, ...] = ()


def instructions(text: str) -> Iterator[tuple[str, str]]:
    """Yield the instructions of a Dockerfile, in order: their names and their arguments."""
    lines = (line for line in text.splitlines() if not line.lstrip().startswith("#"))
    for line in re.sub(r"\\\n\s*", "", "\n".join(lines)).splitlines():
        if line.strip():
            name, _, arguments = line.strip().partition(" ")
            yield name.upper(), arguments.strip()


def build(text: str, folder: Path, *, is_built: bool) -> dict[str, Image]:
    """Build every stage below `folder`; return the images by the names of their stages.

    Where they are built already, read the instructions and run none.
    """
    images: dict[str, Image] = {}
    name = ""
    variables: dict[str, str] = {}
    for instruction, arguments in instructions(text):
        print(f"image: {instruction} {arguments[:100]}", flush=True)
        if instruction == "ARG":
            variable, _, value = arguments.partition("=")
            variables[variable] = value
        elif instruction == "FROM":
            base, name = expand(arguments, variables).split(" AS ")
            images[name] = start_stage(base, images, folder / name)
            if not is_built:
                make_root(base, images, folder / name)
        elif instruction in ("RUN", "COPY"):
            if not is_built:
                change_root(instruction, arguments, images[name], images)
        else:
            images[name] = configured(instruction, arguments, images[name])
    return images


def start_stage(base: str, images: dict[str, Image], root: Path) -> Image:
    """Return an image that begins with the settings of `base`."""
    if base in images:
        return replace(images[base], root=root)
    return Image(root, {"PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"})


def make_root(base: str, images: dict[str, Image], root: Path) -> None:
    """Make a root file system like that of `base`."""
    if base in images:
        run("cp", "-a", images[base].root, root)
        return
    suite = base.removeprefix("debian:").removesuffix("-slim")
    run("debootstrap", "--variant=minbase", suite, root, MIRROR)
    for path in HOST_FILES:
        if Path(path).exists():
            (root / path[1:]).parent.mkdir(parents=True, exist_ok=True)
            run("cp", "-aL", "--no-target-directory", path, root / path[1:])


def change_root(instruction: str, arguments: str, image: Image, images: dict[str, Image]) -> None:
    """Do what RUN and COPY say."""
    if instruction == "COPY":
        copy(arguments.split(), image, images)
    else:
        run_in(image, ["/bin/sh", "-c", f"cd {image.folder} && {arguments}"])


def configured(instruction: str, arguments: str, image: Image) -> Image:
    """Return the image with what an instruction sets."""
    match instruction:
        case "ENV":
            pairs = (item.split("=", 1) for item in shlex.split(arguments))
            expanded = {key: expand(value, image.environment) for key, value in pairs}
            return replace(image, environment={**image.environment, **expanded})
        case "WORKDIR":
            (image.root / arguments.lstrip("/")).mkdir(parents=True, exist_ok=True)
            return replace(image, folder=arguments)
        case "USER":
            return replace(image, user=arguments)
        case "CMD":
            return replace(image, command=exec_form(arguments))
        case "HEALTHCHECK":
            return replace(image, health_command=exec_form(arguments.partition("CMD ")[2]))
        case "EXPOSE" | "STOPSIGNAL":
            pass
        case _:
            raise ImageError(f"This script does not know the instruction {instruction}.")
    return image


def copy(arguments: list[str], image: Image, images: dict[str, Image]) -> None:
    """COPY from another stage, or from the project what .dockerignore admits."""
    source = next((item[7:] for item in arguments if item.startswith("--from=")), None)
    *paths, target = [item for item in arguments if not item.startswith("--")]
    destination = image.root / os.path.join(image.folder, target).lstrip("/")  # noqa: PTH118  (a path inside the image)
    if source is None:
        if paths != ["."]:
            raise ImageError("This script copies the whole context or another stage's folders.")
        ignore = (ROOT / ".dockerignore").read_text().splitlines()
        for path in (line[1:] for line in ignore if line.startswith("!")):
            made = destination / path
            made.parent.mkdir(parents=True, exist_ok=True)
            if (ROOT / path).is_dir():
                leave_out = shutil.ignore_patterns("__pycache__")
                shutil.copytree(ROOT / path, made, ignore=leave_out)
            else:
                shutil.copy2(ROOT / path, made)
        return
    for path in paths:
        destination.parent.mkdir(parents=True, exist_ok=True)
        run("cp", "-aT", images[source].root / path.lstrip("/"), destination)


def exec_form(arguments: str) -> tuple[str, ...]:
    """Return the words of a JSON array, the only form that passes signals on."""
    return tuple(json.loads(arguments))


def expand(text: str, variables: dict[str, str]) -> str:
    return re.sub(r"\$\{?(\w+)\}?", lambda found: variables.get(found[1], ""), text)


def run(*command: str | Path) -> None:
    done = subprocess.run(command, check=False, timeout=BUILD_LIMIT, stdout=subprocess.DEVNULL)
    if done.returncode:
        raise ImageError(f"{shlex.join(map(str, command))} ended with {done.returncode}.")


def run_in(image: Image, command: list[str]) -> None:
    """Run a command of the build, with this machine's settings for package registries."""
    host = {name: value for name, value in os.environ.items() if HOST_VARIABLES.fullmatch(name)}
    environment = {**host, "HOME": "/root", "DEBIAN_FRONTEND": "noninteractive"}
    done = subprocess.run(
        contained(image, command, environment, is_read_only=False),
        check=False,
        timeout=BUILD_LIMIT,
    )
    if done.returncode:
        raise ImageError(f"{' '.join(command)} ended with {done.returncode} in {image.root.name}.")


def contained(
    image: Image,
    command: list[str] | tuple[str, ...],
    settings: dict[str, str],
    *,
    is_read_only: bool,
) -> list[str]:
    """Return the command that runs `command` in an image, as process 1 of its own."""
    root = shlex.quote(str(image.root))
    prepare = [
        f"mount --bind {root} {root}",
        f"mount -t proc proc {root}/proc",
        f"mount --bind /dev {root}/dev",
    ]
    if is_read_only:
        prepare.append(f"mount -o remount,bind,ro {root}")
    prepare += [f"mount -t tmpfs tmpfs {root}{path}" for path in image.writable]
    environment = [f"{name}={value}" for name, value in {**image.environment, **settings}.items()]
    enter = [
        *("chroot", f"--userspec={image.user}:{image.user}", str(image.root)),
        *("env", "-i", *environment, "sh", "-c", f'cd {image.folder} && exec "$@"', "sh"),
        *command,
    ]
    script = " && ".join([*prepare, f"exec {shlex.join(enter)}"])
    return ["unshare", "--mount", "--pid", "--fork", "--kill-child", "sh", "-c", script]


def leave_network() -> None:
    """Leave this process and its children nothing but a loopback interface of their own."""
    if ctypes.CDLL(None, use_errno=True).unshare(CLONE_NEWNET):
        raise ImageError(f"No network namespace: {os.strerror(ctypes.get_errno())}.")
    run("ip", "link", "set", "lo", "up")


def try_out(images: dict[str, Image]) -> None:
    """Migrate a database and serve it, as compose.yaml does, without a network."""
    from aiosmtpd.controller import Controller
    from aiosmtpd.handlers import Message

    from prisma_wasm import embedded

    class Mailbox(Message):
        def handle_message(self, message: object) -> None:
            mails.append(str(message))

    mails: list[str] = []
    mailbox = Controller(Mailbox(), hostname="127.0.0.1", port=1025)
    mailbox.start()
    with embedded.temporary() as server:
        settings = {
            "DATABASE_URL": server.url(),
            "SECRET_KEY": "of this trial alone, and of nothing else",
            "SESSION_SECRET": "for the cookies of this trial and no others",
            "ENCRYPTION_KEY": "b2YgdGhpcyB0cmlhbCBhbG9uZSwgbm90aGluZyBlbHM=",
            "PUBLIC_URL": "https://app.example.com",
            "SMTP_URL": "smtp://127.0.0.1:1025",
            "MAIL_FROM": "tenantry@example.com",
        }
        migrate = replace(images["migrate"], writable=WRITABLE_FOR_MIGRATE)
        for _ in range(2):  # as a second deployment does
            done = subprocess.run(
                contained(migrate, migrate.command, settings, is_read_only=True), check=False
            )
            require(done.returncode == 0, "migrate ends with 0")
        serve_and_ask(images["service"], settings, mails)
    mailbox.stop()


def serve_and_ask(image: Image, settings: dict[str, str], mails: list[str]) -> None:
    require(image.user not in ("", "0", "root"), "the service is not root")
    has_node = subprocess.run(
        ["chroot", image.root, "which", "node"], check=False, capture_output=True
    )
    require(has_node.returncode != 0, "the service's image has no Node")
    process = subprocess.Popen(contained(image, image.command, settings, is_read_only=True))
    try:
        wait_for("the service is ready", lambda: status("/ready") == 200)
        health = contained(image, image.health_command, settings, is_read_only=True)
        require(subprocess.run(health, check=False).returncode == 0, "the health check passes")
        body = '{"email": "ann@example.com", "password": "a horse on the moon"}'
        require(status("/v1/auth/sign-up", body) == 202, "a user signs up")
        wait_for("the mail arrives", lambda: any("#token=" in mail for mail in mails))
        # The image's process 1 is a child of `unshare`.
        children = Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text().split()
        os.kill(int(children[0]), signal.SIGTERM)
        require(process.wait(STOP_LIMIT) == 0, "the service stops in order at SIGTERM")
    finally:
        process.kill()
        process.wait()


def status(path: str, body: str | None = None) -> int:
    """Return the status of a request to the service, 0 while it does not answer."""
    connection = http.client.HTTPConnection("127.0.0.1", 8000, timeout=10)
    try:
        headers = {"Content-Type": "application/json"} if body else {}
        connection.request("POST" if body else "GET", path, body, headers)
        return connection.getresponse().status
    except OSError:
        return 0
    finally:
        connection.close()


def wait_for(claim: str, holds: Callable[[], bool]) -> None:
    until = time.monotonic() + START_LIMIT
    while not (is_so := holds()) and time.monotonic() < until:
        time.sleep(0.2)
    require(is_so, claim)


def require(holds: bool, claim: str) -> None:
    if not holds:
        raise ImageError(f"Not so: {claim}.")
    print(f"image: {claim}", flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--keep", type=Path, help="build in this folder, and keep it")
    parser.add_argument("--built", type=Path, help="only try out what was built in this folder")
    arguments = parser.parse_args()
    if os.geteuid() != 0 or not all(map(shutil.which, ("debootstrap", "unshare", "ip"))):
        raise ImageError("This needs root, and Debian's debootstrap, util-linux and iproute2.")
    with tempfile.TemporaryDirectory(prefix="tenantry-image-") as temporary:
        folder: Path = arguments.built or arguments.keep or Path(temporary)
        folder.mkdir(parents=True, exist_ok=True)
        images = build((ROOT / "Dockerfile").read_text(), folder, is_built=bool(arguments.built))
        leave_network()
        try_out(images)


if __name__ == "__main__":
    try:
        main()
    except (ImageError, subprocess.TimeoutExpired) as error:
        sys.exit(f"image: {error}")
