"""The webhook that Meta calls for the WhatsApp channels of all tenants."""

from typing import Annotated

from fastapi import Header, Query, Request, Response

from app.encryption import CurrentEncryption
from app.http.bodies import reads_raw_body
from app.http.description import domain_router
from app.http.problems import problems
from app.whatsapp import webhook

router = domain_router()
_PATH = "/webhooks/whatsapp"
# Meta's own limit of a notification.
_MAX_BODY_BYTES = 3 * 1024 * 1024
_BODY = {
    "required": True,
    "content": {"application/json": {"schema": {"type": "object"}}},
}


class _Text(Response):
    media_type = "text/plain; charset=utf-8"


@router.get(_PATH, tags=["webhooks"], response_class=_Text, responses=problems(403))
async def verify_whatsapp_webhook(
    encryption: CurrentEncryption,
    mode: Annotated[str, Query(alias="hub.mode", max_length=50, description="`subscribe`.")] = "",
    token: Annotated[
        str,
        Query(
            alias="hub.verify_token", max_length=2000, description="The verify token of a channel."
        ),
    ] = "",
    challenge: Annotated[
        str, Query(alias="hub.challenge", max_length=1000, description="Repeated in the response.")
    ] = "",
) -> _Text:
    """Prove to Meta that this is the webhook of a channel: repeat the challenge."""
    return _Text(await webhook.verify(encryption, mode=mode, token=token, challenge=challenge))


@router.post(
    _PATH,
    tags=["webhooks"],
    response_class=Response,
    responses=problems(400, 401, 408, 413, 422),
    max_body_size=_MAX_BODY_BYTES,
    openapi_extra={"requestBody": _BODY},
)
@reads_raw_body
async def receive_whatsapp_notification(
    request: Request,
    encryption: CurrentEncryption,
    signature: Annotated[
        str | None,
        Header(
            alias="X-Hub-Signature-256",
            max_length=200,
            description="`sha256=` and the HMAC-SHA256 of the body with the channel's app secret.",
        ),
    ] = None,
) -> Response:
    """Store messages to active channels, and the statuses of messages from them.

    What concerns other numbers is dropped: a wrong signature is answered with 401 for an active
    channel and with 200 for other numbers, which tells whether a number has a channel here.
    """
    digits = webhook.require_signature(signature)
    await webhook.receive(encryption, await request.body(), digits)
    return Response()
