import asyncio

import pytest

from app.health import Readiness


class Store:
    def __init__(self, error: Exception | None = None) -> None:
        self._error = error

    async def ping(self) -> None:
        if self._error:
            raise self._error


@pytest.mark.parametrize(
    ("postgres", "redis", "report"),
    [
        (None, None, {"status": "ready", "postgres": "ok", "redis": "ok"}),
        (OSError("db:5432 refused"), None, {"status": "not ready", "postgres": "OSError", "redis": "ok"}),
        (None, TimeoutError(), {"status": "not ready", "postgres": "ok", "redis": "TimeoutError"}),
    ],
)
def test_ready_only_when_both_stores_answer(postgres, redis, report):
    assert asyncio.run(Readiness(Store(postgres), Store(redis)).report()) == report


def test_draining_is_said_without_asking_the_stores():
    readiness = Readiness(Store(OSError()), Store(OSError()))
    readiness.draining = True
    assert asyncio.run(readiness.report()) == {"status": "draining"}
