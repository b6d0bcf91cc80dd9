# `docker build .` makes the image that serves; `--target migrate` makes the one that applies
# migrations and prepares the database role. Only the second has Node. See docs/deployment.md.
ARG DEBIAN=trixie-slim

FROM debian:${DEBIAN} AS python
# Debian removes the versions that it replaces, so pinning one would break the build later.
# hadolint ignore=DL3008
RUN apt-get update \
    && apt-get install -y --no-install-recommends ca-certificates python3 \
    && rm -rf /var/lib/apt/lists/* \
    && useradd --system --uid 10001 --home-dir /nonexistent --shell /usr/sbin/nologin tenantry
WORKDIR /srv/tenantry
ENV PATH=/srv/tenantry/.venv/bin:$PATH PYTHONDONTWRITEBYTECODE=1 PYTHONUNBUFFERED=1

FROM python AS build
# hadolint ignore=DL3008
RUN apt-get update \
    && apt-get install -y --no-install-recommends nodejs npm python3-venv \
    && rm -rf /var/lib/apt/lists/*
COPY . .
# requirements.lock pins every package by version and hash; image-overrides.txt leaves out what
# production does not use.
# hadolint ignore=DL3013
RUN python3 -m venv .venv \
    && pip install --no-cache-dir --no-deps "$(grep -oE '^uv==[0-9.]+' requirements.lock)" \
    && uv pip install --no-cache --compile-bytecode \
        --constraints requirements.lock --build-constraints requirements.lock \
        --overrides deploy/image-overrides.txt -e . \
    && uv pip uninstall uv
# The Node packages lie outside of .venv, so that the image that serves does without them. The
# client is generated with the query compiler's machine code beside it.
ENV PRISMA_WASM_CACHE=/srv/prisma
RUN prisma-wasm install \
    && prisma generate \
    && python3 -m compileall -q app

FROM python AS migrate
# hadolint ignore=DL3008
RUN apt-get update \
    && apt-get install -y --no-install-recommends nodejs \
    && rm -rf /var/lib/apt/lists/*
COPY --from=build /srv /srv
ENV APP_ENV=production PRISMA_WASM_CACHE=/srv/prisma
USER 10001
CMD ["sh", "-c", "prisma migrate deploy && tenantry db prepare"]

FROM python AS service
COPY --from=build /srv/tenantry /srv/tenantry
ENV APP_ENV=production HOST=0.0.0.0 PORT=8000
EXPOSE 8000
USER 10001
# The process answers while its database is away: an orchestrator must not restart it for that.
HEALTHCHECK --interval=10s --timeout=3s --start-period=30s CMD ["python3", "-c", \
    "import os, urllib.request as r; r.urlopen(f\"http://127.0.0.1:{os.environ['PORT']}/health\")"]
# uvicorn stops accepting connections, finishes the requests under way and exits with 0.
STOPSIGNAL SIGTERM
CMD ["tenantry", "serve"]
