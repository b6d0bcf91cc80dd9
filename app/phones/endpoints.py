"""HTTP routes of a tenant's phone numbers."""

from typing import Annotated

from fastapi import Path

from app.encryption import CurrentEncryption
from app.http.description import domain_router
from app.http.pages import Page, Pagination
from app.http.problems import problems
from app.phones import rules
from app.phones.schemas import NewPhoneNumber, NewPhoneStatus, PhoneNumberView, SipCredentials
from app.tenants import TenantAdminScope, TenantStaffScope

router = domain_router()
_ALL = "/tenants/{tenantId}/phone-numbers"
_ONE = f"{_ALL}/{{numberId}}"

NumberId = Annotated[str, Path(alias="numberId", description="A UUID.")]


@router.get(_ONE, tags=["tenants: phone numbers"])
async def read_phone_number(scope: TenantStaffScope, number_id: NumberId) -> PhoneNumberView:
    """Return a phone number."""
    return await rules.read(scope, id_=number_id)


@router.get(_ALL, tags=["tenants: phone numbers"])
async def list_phone_numbers(scope: TenantStaffScope, pages: Pagination) -> Page[PhoneNumberView]:
    """List the phone numbers, newest first."""
    return await rules.list_numbers(scope, pages)


@router.post(_ALL, tags=["tenants: phone numbers"], status_code=201, responses=problems(409))
async def create_phone_number(
    scope: TenantAdminScope, body: NewPhoneNumber, encryption: CurrentEncryption
) -> PhoneNumberView:
    """Add a number, which no other tenant may have, with its log-in at the SIP provider."""
    return await rules.create(scope, encryption, body)


@router.patch(_ONE, tags=["tenants: phone numbers"], responses=problems(409))
async def change_phone_status(
    scope: TenantAdminScope, number_id: NumberId, body: NewPhoneStatus
) -> PhoneNumberView:
    """Change the status: from PENDING to ACTIVE, then to DISCONNECTED and ACTIVE by turns."""
    return await rules.change_status(scope, id_=number_id, status=body.status)


@router.put(f"{_ONE}/sip-credentials", tags=["tenants: phone numbers"])
async def replace_sip_credentials(
    scope: TenantAdminScope,
    number_id: NumberId,
    body: SipCredentials,
    encryption: CurrentEncryption,
) -> PhoneNumberView:
    """Replace the log-in at the SIP provider as a whole."""
    return await rules.replace_credentials(scope, encryption, body, id_=number_id)


@router.delete(_ONE, tags=["tenants: phone numbers"], status_code=204)
async def delete_phone_number(scope: TenantAdminScope, number_id: NumberId) -> None:
    """Delete a phone number with its log-in."""
    await rules.delete(scope, id_=number_id)
