"""Settings come from the environment only; a missing or malformed one stops the process with one clear line."""

import sys
from functools import cache
from typing import NoReturn, TypeVar

from pydantic import Field, PostgresDsn, RedisDsn, ValidationError
from pydantic_settings import BaseSettings

EXIT_BAD_SETTINGS = 3

S = TypeVar("S", bound=BaseSettings)


class Settings(BaseSettings):
    database_url: PostgresDsn
    redis_url: RedisDsn

    # Connections per process: pool_size + max_overflow. Multiply by the most pods that can exist at once
    # (HPA maximum plus surge) before raising it, and compare with max_connections of the database.
    db_pool_size: int = Field(default=5, ge=1)
    db_max_overflow: int = Field(default=5, ge=0)
    db_pool_timeout: float = Field(default=5, gt=0, description="seconds to wait for a free connection")
    db_pool_recycle: int = Field(default=1800, description="seconds after which a connection is replaced")

    cache_ttl: int = Field(default=30, ge=1, description="seconds")
    session_ttl: int = Field(default=86_400, ge=60, description="seconds")
    orders_per_minute: int = Field(default=60, ge=1, description="rate limit per session")
    drain_seconds: float = Field(default=2, ge=0, description="seconds of reporting 'draining' before the server stops")

    log_level: str = "INFO"
    shop_commit: str = Field(default="unknown", description="baked into the image")


@cache
def settings() -> Settings:
    return load(Settings)


def load(kind: type[S]) -> S:
    try:
        return kind()
    except ValidationError as error:
        stop(first_problem(error))


def first_problem(error: ValidationError) -> str:
    """One line that names the variable. Never the value: a DSN holds a password."""
    problem = error.errors(include_input=False, include_url=False)[0]
    name = str(problem["loc"][0]).upper()
    return f"{name} is not set" if problem["type"] == "missing" else f"{name} is not valid: {problem['msg']}"


def stop(reason: str) -> NoReturn:
    print(f"shop: {reason}", file=sys.stderr, flush=True)
    sys.exit(EXIT_BAD_SETTINGS)
