"""Bodies and answers of the account routes."""

from typing import Annotated

from prisma.partials import OwnSession
from pydantic import BaseModel, Field, StringConstraints
from typing_extensions import TypedDict

from app.auth import NewPassword, Password, TokenPair
from app.kit.schemas import Email, Input, Name, input_config

Secret = Annotated[
    str,
    StringConstraints(min_length=1, max_length=1000),
    Field(json_schema_extra={"format": "password", "writeOnly": True}),
]


class SignUp(Input):
    email: Email
    password: NewPassword
    name: Name | None = None


class LogIn(Input):
    email: Email
    password: Password
    deviceToken: (
        Annotated[
            Secret,
            Field(
                description="From this client's last log-in. With it the user can log in although "
                "others' guesses have exhausted the account's limit; an unknown one is ignored."
            ),
        ]
        | None
    ) = None


DeviceToken = Annotated[
    str,
    Field(
        description="Keep it beyond the session, and send it with the next log-in. It is good "
        "for a year, or until the password changes, and replaces no password."
    ),
]


class LoggedIn(TokenPair):
    """The tokens of a new session, and a token that marks the client as a known device."""

    deviceToken: DeviceToken


class WebLoggedIn(BaseModel):
    """A token that marks the browser as a known device; the session is in the cookie."""

    deviceToken: DeviceToken


class Refresh(Input):
    refreshToken: Secret


class ConfirmEmail(Input):
    """Needs the password too: another person may have signed up with the reader's address."""

    token: Secret
    password: Password


class Address(Input):
    email: Email


class ResetPassword(Input):
    token: Secret
    newPassword: NewPassword


class ChangePassword(Input):
    currentPassword: Password
    newPassword: NewPassword


@input_config
class ChangeAccount(TypedDict, total=False):
    """Omitted fields stay unchanged."""

    name: Name | None


class DeleteAccount(Input):
    password: Password


class SwitchWorkspace(Input):
    """Null leaves the workspace."""

    workspaceId: (
        Annotated[
            str,
            StringConstraints(max_length=100),
            Field(description="10 to 20 letters and digits."),
        ]
        | None
    )


class SessionView(OwnSession):
    """A session of the caller; `current` marks the one that this request belongs to."""

    current: bool
