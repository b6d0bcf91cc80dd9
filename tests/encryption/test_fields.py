"""Models with secrets: what is stored, what is shown, and what an invalid or broken one tells."""

import logging
from datetime import UTC, datetime
from typing import Annotated, Any

import httpx
import pytest
from fastapi import Body, FastAPI
from pydantic import BaseModel, SecretStr

from app import encryption
from app.encryption import Encryption, Place, Secret, SecretColumn, SecretView, seal_fields
from app.http import problems
from app.kit.schemas import Input, Name
from tests.encryption.stored import NEW, NEW_ID, OLD, OLD_ID

COLUMN = SecretColumn.SIP_CREDENTIALS
HIDDEN = "hunter2-hunter2"


class Credentials(Input):
    user: Name
    secret: Secret
    other: Secret | None = None


class CredentialsView(BaseModel):
    user: str
    secret: SecretView
    other: SecretView | None = None


def seal(body: Credentials) -> dict[str, Any]:
    return seal_fields(Encryption([NEW]), body, tenant="tenant", column=COLUMN, row="row")


def test_what_is_stored_and_shown():
    """Secrets are encrypted for their place; the response says when they were set, and no more."""
    before = datetime.now(UTC)
    body = Credentials.model_validate({"user": "studio", "secret": HIDDEN})

    stored = seal(body)
    shown = CredentialsView.model_validate(stored)

    assert HIDDEN not in str(stored)
    assert stored.keys() == {"user", "secret"}
    place = Place("tenant", COLUMN, "row", "secret")
    assert encryption.open_field(Encryption([NEW]), stored, place) == HIDDEN
    assert shown.model_dump().keys() == {"user", "secret", "other"}
    assert shown.secret.model_dump().keys() == {"setAt"}
    assert before <= shown.secret.setAt <= datetime.now(UTC)
    assert shown.other is None


def test_a_secret_that_is_not_set_does_not_open():
    """It is no empty secret."""
    stored = seal(Credentials(user="studio", secret=SecretStr(HIDDEN)))

    with pytest.raises(encryption.UnreadableSecret):
        encryption.open_field(Encryption([NEW]), stored, Place("tenant", COLUMN, "row", "other"))


def test_no_repr_contains_a_secret():
    """A log or a traceback that prints the body shows asterisks."""
    body = Credentials.model_validate({"user": "studio", "secret": HIDDEN})

    assert HIDDEN not in f"{body!r} {body} {body.model_dump()} {body.model_dump_json()}"


INVALID = [f"{HIDDEN} {HIDDEN}", f"{HIDDEN}\n{HIDDEN}", f"{HIDDEN}é", "", HIDDEN * 200, [HIDDEN]]


@pytest.mark.parametrize("secret", INVALID)
async def test_an_invalid_secret_is_not_repeated(secret: object):
    """The response names the field and the rule."""
    app = FastAPI()
    problems.install(app)

    @app.post("/")
    async def post(_: Annotated[Credentials, Body()]) -> None: ...

    async with httpx.AsyncClient(
        transport=httpx.ASGITransport(app), base_url="http://tenantry"
    ) as client:
        answer = await client.post("/", json={"user": "studio", "secret": secret})

    assert (answer.status_code, answer.json()["errors"][0]["field"]) == (422, "body.secret")
    assert "hunter" not in answer.text


async def test_an_unreadable_secret_is_the_operators_problem(caplog: pytest.LogCaptureFixture):
    """The response is a 503 with a code; one line of the log names the place and the key."""
    app = FastAPI()
    encryption.install(app)
    row = "019a0000-0000-7000-8000-000000000002"
    place = Place("019a0000-0000-7000-8000-000000000001", COLUMN, row, "secret")
    value = Encryption([OLD]).seal(HIDDEN, place)

    @app.get("/")
    async def get() -> None:
        Encryption([NEW]).open(value, place)

    with caplog.at_level(logging.INFO):
        async with httpx.AsyncClient(
            transport=httpx.ASGITransport(app), base_url="http://tenantry"
        ) as client:
            answer = await client.get("/")

    assert (answer.status_code, answer.json()["code"]) == (503, "secret_unreadable")
    assert answer.headers["retry-after"] == "60"
    (line,) = (each.getMessage() for each in caplog.records if each.name.startswith("app"))
    assert line == (
        f"PhoneNumber.sipCredentials.secret of the row {row} cannot be decrypted: "
        f"ENCRYPTION_KEY lacks the key {OLD_ID}"
    )
    assert value.partition(".")[2] not in line + answer.text
    assert OLD_ID not in answer.text
    assert NEW_ID not in answer.text
