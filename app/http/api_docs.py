"""What a visitor finds: an index at `/`, and the API's documentation at `/docs`.

Swagger UI's files come from a package on this machine, so that the page needs no network.
"""

import json
from importlib.metadata import version
from importlib.resources import files
from pathlib import Path

from fastapi import APIRouter, Request
from fastapi.responses import FileResponse, HTMLResponse, Response
from pydantic import BaseModel

from app.http.description import operation_id
from app.http.problems import Problem
from app.settings import SERVICE_NAME, Settings

DOCS_PATH = "/docs"
OPENAPI_PATH = "/openapi.json"

_MARKDOWN = """
{limits}

Errors are `application/problem+json`, with a stable
`code` and a `detail` for people.

**To call the routes that need a signed-in user:**

1. Call `POST /v1/auth/log-in` below with an e-mail address and a password. In development,
   `tenantry seed` creates users and prints an access token, so that you can skip this step.
2. Copy `accessToken` from the response.
3. Click **Authorize**, paste the token (without the word `Bearer`), and confirm.

The token works for 15 minutes. `POST /v1/auth/refresh` exchanges the refresh token for a new pair.
"""

_PAGE = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Tenantry: API</title>
<link rel="icon" type="image/png" href="docs/favicon.png">
<link rel="stylesheet" href="docs/swagger-ui.css">
</head>
<body>
<div id="swagger-ui"></div>
<script src="docs/swagger-ui-bundle.js"></script>
<script src="docs/start.js"></script>
</body>
</html>
"""

_PARAMETERS = {
    "url": OPENAPI_PATH.lstrip("/"),
    "dom_id": "#swagger-ui",
    "deepLinking": True,
    "displayRequestDuration": True,
    "docExpansion": "list",
    "defaultModelsExpandDepth": 0,
    "validatorUrl": None,  # by default it sends the API's address to a server elsewhere
}
_START = f"SwaggerUIBundle({json.dumps(_PARAMETERS)});\n"

# Swagger UI styles elements inline and embeds its icons as data URLs.
_CONTENT_SECURITY_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; "
    "img-src 'self' data:; connect-src 'self'; base-uri 'none'; form-action 'none'; "
    "frame-ancestors 'none'"
)

_ASSETS = Path(str(files("fastapi_offline"))) / "static"
_MEDIA_TYPES = {
    "favicon.png": "image/png",
    "swagger-ui.css": "text/css",
    "swagger-ui-bundle.js": "text/javascript",
}
_A_DAY = "public, max-age=86400"

index_router = APIRouter(tags=["index"], generate_unique_id_function=operation_id)
docs_router = APIRouter(include_in_schema=False)


class ServiceIndex(BaseModel):
    """What this service is, and where to go from here."""

    name: str
    version: str
    documentation: str | None
    openapi: str | None
    health: str
    ready: str


def describe_api(limits: str) -> str:
    """Return the Markdown that introduces the API's documentation."""
    return _MARKDOWN.format(limits=limits)


@index_router.get("/")
async def read_index(request: Request) -> ServiceIndex:
    """Name the service and its version, and the paths of its documentation and health checks."""
    settings: Settings = request.app.state.settings
    return ServiceIndex(
        name=SERVICE_NAME,
        version=version("tenantry"),
        documentation=DOCS_PATH if settings.serves_docs else None,
        openapi=OPENAPI_PATH if settings.serves_docs else None,
        health="/health",
        ready="/ready",
    )


@docs_router.get(DOCS_PATH)
async def read_docs() -> HTMLResponse:
    """Return the page that shows the API's description."""
    return HTMLResponse(_PAGE, headers={"Content-Security-Policy": _CONTENT_SECURITY_POLICY})


@docs_router.get(f"{DOCS_PATH}/start.js")
async def read_start_script() -> Response:
    """Return the script that starts Swagger UI: inline, the page's policy would refuse it."""
    return Response(_START, media_type="text/javascript")


@docs_router.get(f"{DOCS_PATH}/{{name}}")
async def read_asset(name: str) -> Response:
    """Return one of Swagger UI's files."""
    media_type = _MEDIA_TYPES.get(name)
    if media_type is None:
        raise Problem(404, "not_found", "Not Found")
    return FileResponse(_ASSETS / name, media_type=media_type, headers={"Cache-Control": _A_DAY})
