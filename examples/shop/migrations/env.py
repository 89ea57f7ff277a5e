"""Runs migrations with a bound on how long they may wait for a lock, and says from where to where the schema moved."""

import asyncio

from alembic import context
from sqlalchemy import Connection, pool
from sqlalchemy.ext.asyncio import create_async_engine

from app.database import engine_url
from app.models import Base
from app.settings import settings

# A migration that waits for a lock blocks everyone who comes after it: give up early and leave the old schema.
LOCK_TIMEOUT = "5s"
STATEMENT_TIMEOUT = "5min"

URL = engine_url(str(settings().database_url))


def migrate(connection: Connection) -> None:
    context.configure(connection=connection, target_metadata=Base.metadata, transaction_per_migration=True)
    before = revision_of(connection)
    with context.begin_transaction():
        context.run_migrations()
    after = revision_of(connection)
    print(f"schema.from={before or 'empty'} schema.to={after}", flush=True)


def revision_of(connection: Connection) -> str | None:
    revision = context.get_context().get_current_revision()
    # Ends the transaction that the read began, so that each migration gets one of its own.
    connection.commit()
    return revision


async def online() -> None:
    engine = create_async_engine(
        URL,
        poolclass=pool.NullPool,
        connect_args={
            "timeout": 5,
            "server_settings": {
                "application_name": "shop-migrate",
                "lock_timeout": LOCK_TIMEOUT,
                "statement_timeout": STATEMENT_TIMEOUT,
            },
        },
    )
    async with engine.connect() as connection:
        await connection.run_sync(migrate)
    await engine.dispose()


def offline() -> None:
    context.configure(url=URL, target_metadata=Base.metadata, literal_binds=True)
    with context.begin_transaction():
        context.run_migrations()


if context.is_offline_mode():
    offline()
else:
    asyncio.run(online())
