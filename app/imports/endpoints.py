"""HTTP routes of imports and exports: upload a file and follow its import, download a file."""

from collections.abc import AsyncIterator
from typing import Annotated, Any

from fastapi import Path, Query, Request
from fastapi.responses import StreamingResponse

from app.http.bodies import BodyStream
from app.http.description import domain_router
from app.http.pages import Page, Pagination
from app.http.problems import problems
from app.imports import exports, rules
from app.imports.reading import MAX_BYTES
from app.imports.schemas import ImportView, NewImport
from app.tenants import TenantAdminScope

router = domain_router()
_ALL = "/tenants/{tenantId}/imports"
_ONE = f"{_ALL}/{{importId}}"
_EXPORTS = "/tenants/{tenantId}/exports"
_TAG = "tenants: imports"
_FILE = BodyStream(media_type="text/csv", max_bytes=MAX_BYTES, seconds=600)

_CSV = "text/csv; charset=utf-8"
_DOWNLOAD: dict[int | str, dict[str, Any]] = {
    200: {
        "description": "UTF-8 with a byte order mark.",
        "content": {_CSV: {"schema": {"type": "string"}}},
    }
}


class CsvDownload(StreamingResponse):
    """A CSV file that is sent while it is read."""

    media_type = _CSV

    # FastAPI reads the default status from the signature.
    def __init__(self, name: str, records: AsyncIterator[str], status_code: int = 200) -> None:
        disposition = {"Content-Disposition": f'attachment; filename="{name}"'}
        super().__init__(records, status_code, headers=disposition)


ImportId = Annotated[str, Path(alias="importId", description="A UUID.")]


@router.get(_ONE, tags=[_TAG])
async def read_import(scope: TenantAdminScope, import_id: ImportId) -> ImportView:
    """Return an import: how far it is, or what it changed, or why it changed nothing."""
    return await rules.read(scope, id_=import_id)


@router.get(_ALL, tags=[_TAG])
async def list_imports(scope: TenantAdminScope, pages: Pagination) -> Page[ImportView]:
    """List the imports of the last 30 days, newest first."""
    return await rules.list_jobs(scope, pages)


@router.post(_ALL, tags=[_TAG], status_code=202, responses=problems(409, 429))
@_FILE
async def create_import(
    scope: TenantAdminScope, asked: Annotated[NewImport, Query()], request: Request
) -> ImportView:
    """Upload a CSV file, which is imported in the background: all of it or nothing."""
    return await rules.create(scope, asked, request.stream())


@router.delete(_ONE, tags=[_TAG], status_code=204, responses=problems(409))
async def cancel_import(scope: TenantAdminScope, import_id: ImportId) -> None:
    """Cancel an import that has not ended; it changes nothing."""
    await rules.cancel(scope, id_=import_id)


@router.get(f"{_EXPORTS}/users.csv", tags=[_TAG], response_class=CsvDownload, responses=_DOWNLOAD)
async def export_users(scope: TenantAdminScope) -> CsvDownload:
    """Download the users as a CSV file, which an import reads."""
    await exports.record_export(scope, "users")
    return CsvDownload("users.csv", exports.users(scope))


@router.get(
    f"{_EXPORTS}/workout-plans.csv", tags=[_TAG], response_class=CsvDownload, responses=_DOWNLOAD
)
async def export_workout_plans(scope: TenantAdminScope) -> CsvDownload:
    """Download the workout plans as a CSV file, which an import reads."""
    await exports.record_export(scope, "workout_plans")
    return CsvDownload("workout-plans.csv", exports.workout_plans(scope))
