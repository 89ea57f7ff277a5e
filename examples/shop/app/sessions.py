"""Sessions and the rate limit, both in Redis, so that any pod can answer any request."""

import secrets

from redis.asyncio import Redis

COOKIE = "shop_session"
_WINDOW_SECONDS = 60


class Sessions:
    def __init__(self, redis: Redis, ttl: int) -> None:
        self._redis = redis
        self._ttl = ttl

    async def resume(self, token: str | None) -> str:
        """The given session when it is known, else a new one. Each use prolongs it."""
        if token and await self._redis.expire(f"shop:session:{token}", self._ttl):
            return token
        fresh = secrets.token_urlsafe(24)
        await self._redis.set(f"shop:session:{fresh}", "", ex=self._ttl)
        return fresh


class RateLimit:
    """A fixed window of one minute per session."""

    def __init__(self, redis: Redis, per_minute: int) -> None:
        self._redis = redis
        self._per_minute = per_minute

    async def seconds_to_wait(self, session: str) -> int:
        """0 when the request may pass."""
        key = f"shop:rate:{session}"
        async with self._redis.pipeline(transaction=True) as pipe:
            pipe.incr(key)
            pipe.expire(key, _WINDOW_SECONDS, nx=True)
            pipe.ttl(key)
            count, _, left = await pipe.execute()
        return 0 if count <= self._per_minute else max(left, 1)
