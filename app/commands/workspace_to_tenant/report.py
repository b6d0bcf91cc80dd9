"""What a conversion would do, for `--dry-run`."""

from prisma import Prisma

from app.commands.workspace_to_tenant.conversion import require_free, require_same_domain
from app.commands.workspace_to_tenant.errors import unknown_workspace
from app.commands.workspace_to_tenant.members import Member, list_members
from app.commands.workspace_to_tenant.transactions import find_begun

_OUTCOMES = {
    "converted": "was converted already",
    "exists": "skipped: the tenant has a user with this address",
    "unconfirmed": "skipped: has not confirmed the address",
}


async def describe(owner: Prisma, workspace: str, *, domain: str | None) -> str:
    """Return who would become what, and who would not; change nothing."""
    found = await owner.workspace.find_unique(where={"id": workspace})
    if found is None:
        raise unknown_workspace(workspace)
    begun = await find_begun(owner, workspace)
    if begun is None:
        if domain:
            await require_free(owner, domain)
        host = f"with the domain {domain}" if domain else "without a domain"
        head = f'The workspace {workspace} would become the tenant "{found.name}", {host}.'
    else:
        require_same_domain(begun.tenant, domain)
        head = f'The workspace {workspace} is the tenant {begun.tenant.id}, "{begun.tenant.name}".'
    members = await list_members(owner, workspace, "new", "converted", "exists", "unconfirmed")
    added = sum(member.state == "new" for member in members)
    lines = _lines(members)
    return "\n".join([head, *lines, f"{added} users would be added. Nothing was changed."])


def _lines(members: list[Member]) -> list[str]:
    width = max((len(member.email) for member in members), default=0)
    return [
        f"  {member.email:{width}}  {member.role:6}  "
        + _OUTCOMES.get(member.state, f"becomes {member.tenant_role}")
        for member in members
    ]
