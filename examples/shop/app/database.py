"""PostgreSQL through SQLAlchemy: one engine per process, sized by the settings."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from sqlalchemy import make_url, text
from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession, async_sessionmaker, create_async_engine

from app.settings import Settings


def engine_url(dsn: str) -> str:
    """The DSN is written for any client (`postgresql://`); this application speaks it through asyncpg."""
    return make_url(dsn).set(drivername="postgresql+asyncpg").render_as_string(hide_password=False)


def create_engine(settings: Settings, application: str) -> AsyncEngine:
    return create_async_engine(
        engine_url(str(settings.database_url)),
        pool_size=settings.db_pool_size,
        max_overflow=settings.db_max_overflow,
        pool_timeout=settings.db_pool_timeout,
        pool_recycle=settings.db_pool_recycle,
        # A failover leaves dead connections in the pool; they are found before a request uses them.
        pool_pre_ping=True,
        connect_args={"timeout": 5, "command_timeout": 10, "server_settings": {"application_name": application}},
    )


class Database:
    def __init__(self, engine: AsyncEngine) -> None:
        self.engine = engine
        self._sessions = async_sessionmaker(engine, expire_on_commit=False)

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[AsyncSession]:
        async with self._sessions.begin() as session:
            yield session

    async def ping(self) -> None:
        async with self.engine.connect() as connection:
            await connection.execute(text("SELECT 1"))

    async def close(self) -> None:
        await self.engine.dispose()
