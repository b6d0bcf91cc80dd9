"""Phone numbers that nobody else in the tests has, and the credentials that belong to them."""

import itertools
import os
from typing import Any

from prisma import Json

from app.encryption import SecretColumn, seal_fields
from app.kit.ids import new_uuid7
from app.phones.schemas import SipCredentials
from tests.fix_tenant import TenantTeam

SECRET = "sip-secret-of-a-studio"
CREDENTIALS = {"user": "studio", "realm": "sip.example.com", "secret": SECRET}

_numbers = itertools.count(os.getpid() * 1000 % 10**8)


def fresh_number() -> str:
    """Return a number in the form of E.164 that was not returned before."""
    return f"+4930{next(_numbers) % 10**8:08}"


def new_number() -> dict[str, Any]:
    """Return a body that creates a phone number."""
    return {"number": fresh_number(), "sipCredentials": CREDENTIALS}


async def store_number(team: TenantTeam) -> str:
    """Create a phone number in the database, without HTTP; return its id."""
    id_ = new_uuid7()
    credentials = seal_fields(
        team.api.app.state.encryption,
        SipCredentials.model_validate(CREDENTIALS),
        tenant=team.id,
        column=SecretColumn.SIP_CREDENTIALS,
        row=id_,
    )
    await team.api.owner.phonenumber.create(
        {
            "id": id_,
            "tenantId": team.id,
            "number": fresh_number(),
            "sipCredentials": Json(credentials),
        }
    )
    return id_
