"""The trail's one door: an event is written in the transaction of what it tells of."""

from typing import Any

from prisma import Json, Prisma


async def record(
    tx: Prisma,
    action: str,
    *,
    actor: str,
    workspace: str,
    subject: str | None = None,
    details: dict[str, Any] | None = None,
) -> None:
    """Write down that `actor` did something in `workspace`; in that workspace's scope."""
    await tx.auditevent.create_many(
        data=[
            {
                "action": action,
                "actorId": actor,
                "workspaceId": workspace,
                "subjectId": subject,
                "details": Json(details or {}),
            }
        ]
    )
