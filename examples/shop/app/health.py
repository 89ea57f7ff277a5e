"""Liveness knows nothing but this process. Readiness asks what a request needs, and says so when it is draining."""

import asyncio
import logging
import signal
from collections.abc import Awaitable
from types import FrameType

from redis.asyncio import Redis

from app.database import Database

log = logging.getLogger("shop.health")
CHECK_SECONDS = 2


class Readiness:
    def __init__(self, database: Database, redis: Redis) -> None:
        self._database = database
        self._redis = redis
        self.draining = False

    async def report(self) -> dict[str, str]:
        """`status` is `ready`, `draining` or `not ready`; a check says `ok` or the kind of its error, never a DSN."""
        if self.draining:
            return {"status": "draining"}
        names = ("postgres", "redis")
        checks = await asyncio.gather(_check(self._database.ping()), _check(self._redis.ping()))
        status = "ready" if set(checks) == {"ok"} else "not ready"
        return {"status": status, **dict(zip(names, checks, strict=True))}


async def _check(ping: Awaitable[object]) -> str:
    try:
        async with asyncio.timeout(CHECK_SECONDS):
            await ping
    except Exception as error:
        log.warning("readiness check failed", extra={"reason": repr(error)})
        return type(error).__name__
    return "ok"


def drain_before_stop(readiness: Readiness, seconds: float) -> None:
    """
    Puts itself before the server's own SIGTERM handler: the pod reports `draining` for a moment, still serving,
    so that whoever asks its readiness stops sending; then the server finishes what it has and ends.
    """
    server_stops = signal.getsignal(signal.SIGTERM)
    loop = asyncio.get_running_loop()

    def on_term(number: int, frame: FrameType | None) -> None:
        if readiness.draining or not callable(server_stops):
            return
        readiness.draining = True
        log.info("draining", extra={"seconds": seconds})
        loop.call_soon_threadsafe(loop.call_later, seconds, server_stops, number, frame)

    signal.signal(signal.SIGTERM, on_term)
