"""What accounts take and show."""

from typing import Annotated

from prisma.partials import OwnSession
from pydantic import ConfigDict, Field, StringConstraints, with_config
from typing_extensions import TypedDict

from app.auth import NewPassword, Password
from app.kit.schemas import Email, Input, Name

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


class Refresh(Input):
    refreshToken: Secret


class ConfirmEmail(Input):
    """The password too: who reads the mail need not be the one who signed up with its address."""

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


@with_config(ConfigDict(extra="forbid", str_strip_whitespace=True))
class ChangeAccount(TypedDict, total=False):
    """Fields that are left out stay as they are."""

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
    """A session of the caller's; `current` is the one that asks."""

    current: bool
