"""Running the command: which step its arguments ask for.

It works as the owner of the tables, whether the service runs or not.
"""

import argparse

from app import db
from app.commands.workspace_to_tenant import conversion, mailing, report, revert
from app.commands.workspace_to_tenant.errors import ConversionError, malformed_workspace
from app.settings import Settings
from app.tenants import is_public_host, normalize_domain
from app.workspaces import is_workspace_id


async def run(settings: Settings, arguments: argparse.Namespace) -> str:
    """Do what the arguments ask for; return what to print.

    Raise ConversionError, or NoConnection if there is no database.
    """
    workspace, domain = arguments.workspace, arguments.domain
    if not is_workspace_id(workspace):
        raise malformed_workspace(workspace)
    if arguments.force and not arguments.revert:
        raise ConversionError("--force belongs to --revert.")
    if domain and (arguments.revert or arguments.confirm):
        raise ConversionError("--domain belongs to the conversion itself and to --dry-run.")
    domain = _parse_domain(domain, settings) if domain else None
    async with db.owner_client(settings) as owner:
        if arguments.dry_run:
            return await report.describe(owner, workspace, domain=domain)
        if arguments.confirm:
            return await mailing.confirm(owner, workspace, public_url=settings.public_url)
        if arguments.revert:
            return await revert.revert(owner, workspace, is_forced=arguments.force)
        return await conversion.convert(owner, workspace, domain=domain)


def _parse_domain(text: str, settings: Settings) -> str:
    try:
        domain = normalize_domain(text)
    except ValueError as error:
        raise ConversionError(f"--domain {error}.") from None
    if is_public_host(domain, settings):
        raise ConversionError(
            "--domain must not be the host of PUBLIC_URL, which is the service's."
        )
    return domain
