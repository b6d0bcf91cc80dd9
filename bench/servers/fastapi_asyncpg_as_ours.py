"""The hand-written SQL server with our settings of FastAPI and garbage collection."""

import os
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

from fastapi import FastAPI
from fastapi.routing import APIRoute

from app.http.telemetry import telemetry
from app.server.collector import infrequent_collection
from bench.servers import fastapi_asyncpg as by_hand


@asynccontextmanager
async def lifespan(app: FastAPI) -> AsyncGenerator[None]:
    async with by_hand.lifespan(app):
        with infrequent_collection():
            yield


app = FastAPI(
    lifespan=lifespan,
    routes=[route for route in by_hand.app.routes if isinstance(route, APIRoute)],
    telemetry=telemetry(os.environ),
)
