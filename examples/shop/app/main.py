"""The HTTP API. Run: uvicorn app.main:app"""

import logging
import uuid
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Annotated

from arq import ArqRedis
from fastapi import Cookie, Depends, FastAPI, HTTPException, Query, Request, Response

from app.database import Database, create_engine
from app.health import Readiness, drain_before_stop
from app.logs import configure_logs
from app.orders import NewOrder, Orders, OrderView
from app.sessions import COOKIE, RateLimit, Sessions
from app.settings import settings

config = settings()
configure_logs(config.log_level)
log = logging.getLogger("shop.api")


@asynccontextmanager
async def lifespan(app: FastAPI) -> AsyncIterator[None]:
    database = Database(create_engine(config, "shop-api"))
    # Neither is asked now: a process without them starts, says so in /readyz, and recovers by itself.
    redis = ArqRedis.from_url(str(config.redis_url), socket_connect_timeout=2, socket_timeout=5)
    app.state.orders = Orders(database, redis, config.cache_ttl)
    app.state.sessions = Sessions(redis, config.session_ttl)
    app.state.rate_limit = RateLimit(redis, config.orders_per_minute)
    app.state.readiness = Readiness(database, redis)
    drain_before_stop(app.state.readiness, config.drain_seconds)
    log.info("started", extra={"commit": config.shop_commit})
    yield
    await redis.aclose()
    await database.close()
    log.info("stopped")


app = FastAPI(title="shop", lifespan=lifespan)


async def current_session(
    request: Request, response: Response, token: Annotated[str | None, Cookie(alias=COOKIE)] = None
) -> str:
    session = await request.app.state.sessions.resume(token)
    if session != token:
        response.set_cookie(COOKIE, session, max_age=config.session_ttl, httponly=True, secure=True, samesite="lax")
    return session


Session = Annotated[str, Depends(current_session)]


@app.get("/")
async def version() -> dict[str, str]:
    return {"service": "shop", "commit": config.shop_commit}


@app.get("/livez")
async def livez() -> dict[str, str]:
    return {"status": "alive"}


@app.get("/readyz")
async def readyz(request: Request, response: Response) -> dict[str, str]:
    report = await request.app.state.readiness.report()
    if report["status"] != "ready":
        response.status_code = 503
    return report


@app.post("/orders", status_code=202)
async def place_order(new: NewOrder, session: Session, request: Request) -> OrderView:
    wait = await request.app.state.rate_limit.seconds_to_wait(session)
    if wait:
        raise HTTPException(429, "too many orders", headers={"Retry-After": str(wait)})
    return await request.app.state.orders.place(session, new)


@app.get("/orders")
async def latest_orders(
    session: Session, request: Request, limit: Annotated[int, Query(ge=1, le=100)] = 20
) -> list[OrderView]:
    return await request.app.state.orders.latest(session, limit)


@app.get("/orders/{order_id}")
async def find_order(order_id: uuid.UUID, request: Request) -> OrderView:
    order = await request.app.state.orders.find(order_id)
    if order is None:
        raise HTTPException(404, "no such order")
    return order
