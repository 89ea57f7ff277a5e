"""Orders: the rows, the cache in front of them and the queue behind them."""

import logging
import uuid
from datetime import datetime, timedelta
from typing import Annotated

from arq import ArqRedis
from pydantic import BaseModel, ConfigDict, Field, StringConstraints
from redis.exceptions import RedisError
from sqlalchemy import func, select, update

from app.database import Database
from app.models import Order

log = logging.getLogger("shop.orders")


class NewOrder(BaseModel):
    sku: Annotated[str, StringConstraints(min_length=1, max_length=64, strip_whitespace=True)]
    quantity: int = Field(ge=1, le=1000)


class OrderView(BaseModel):
    model_config = ConfigDict(from_attributes=True)

    id: uuid.UUID
    sku: str
    quantity: int
    status: str
    created_at: datetime
    processed_at: datetime | None


class Orders:
    def __init__(self, database: Database, redis: ArqRedis, cache_ttl: int) -> None:
        self._database = database
        self._redis = redis
        self._cache_ttl = cache_ttl

    async def place(self, session: str, new: NewOrder) -> OrderView:
        """The row first, then the job: what is lost between the two is found again by `requeue_forgotten`."""
        async with self._database.transaction() as transaction:
            order = Order(session=session, sku=new.sku, quantity=new.quantity)
            transaction.add(order)
            await transaction.flush()
            await transaction.refresh(order)
        try:
            await self._enqueue(order.id)
        except (RedisError, OSError) as error:
            log.warning("order is saved but not queued", extra={"order": order.id, "reason": str(error)})
        return OrderView.model_validate(order)

    async def find(self, order_id: uuid.UUID) -> OrderView | None:
        """From the cache when it is there. Only processed orders are cached: they do not change any more."""
        cached = await self._redis.get(_key(order_id))
        if cached is not None:
            return OrderView.model_validate_json(cached)
        async with self._database.transaction() as transaction:
            order = await transaction.get(Order, order_id)
        if order is None:
            return None
        view = OrderView.model_validate(order)
        if view.status != "pending":
            await self._redis.set(_key(order_id), view.model_dump_json(), ex=self._cache_ttl)
        return view

    async def latest(self, session: str, limit: int) -> list[OrderView]:
        query = select(Order).where(Order.session == session).order_by(Order.created_at.desc()).limit(limit)
        async with self._database.transaction() as transaction:
            return [OrderView.model_validate(order) for order in await transaction.scalars(query)]

    async def process(self, order_id: uuid.UUID) -> bool:
        """Safe to run twice: a job can be delivered again after a worker was stopped in the middle of it."""
        change = (
            update(Order)
            .where(Order.id == order_id, Order.status == "pending")
            .values(status="confirmed", processed_at=func.now())
        )
        async with self._database.transaction() as transaction:
            return (await transaction.execute(change)).rowcount == 1

    async def requeue_forgotten(self, older_than: timedelta, limit: int = 100) -> int:
        """Queues orders that nobody processed: Redis was away, or lost the job."""
        forgotten = (
            select(Order.id)
            .where(Order.status == "pending", Order.created_at < func.now() - older_than)
            .order_by(Order.created_at)
            .limit(limit)
        )
        async with self._database.transaction() as transaction:
            ids = list(await transaction.scalars(forgotten))
        for order_id in ids:
            await self._enqueue(order_id)
        return len(ids)

    async def _enqueue(self, order_id: uuid.UUID) -> None:
        # The job id makes a second request for the same order a no-op while the first is queued.
        await self._redis.enqueue_job("process_order", str(order_id), _job_id=f"order:{order_id}")


def _key(order_id: uuid.UUID) -> str:
    return f"shop:order:{order_id}"
