"""Processes orders. Run: arq --custom-log-dict app.logs.ARQ_LOGGING app.worker.WorkerSettings"""

import logging
import socket
import uuid
from datetime import timedelta
from typing import Any

from arq import cron
from arq.connections import RedisSettings

from app.database import Database, create_engine
from app.logs import configure_logs
from app.orders import Orders
from app.settings import settings

config = settings()
configure_logs(config.log_level)
log = logging.getLogger("shop.worker")


async def process_order(ctx: dict[str, Any], order_id: str) -> bool:
    processed = await ctx["orders"].process(uuid.UUID(order_id))
    log.info("order processed" if processed else "order was processed before", extra={"order": order_id})
    return processed


async def requeue_forgotten(ctx: dict[str, Any]) -> int:
    count = await ctx["orders"].requeue_forgotten(older_than=timedelta(minutes=1))
    if count:
        log.warning("orders queued again", extra={"count": count})
    return count


async def startup(ctx: dict[str, Any]) -> None:
    ctx["database"] = Database(create_engine(config, "shop-worker"))
    ctx["orders"] = Orders(ctx["database"], ctx["redis"], config.cache_ttl)
    await ctx["database"].ping()
    log.info("started", extra={"commit": config.shop_commit})


async def shutdown(ctx: dict[str, Any]) -> None:
    await ctx["database"].close()
    log.info("stopped")


class WorkerSettings:
    functions = [process_order]
    cron_jobs = [cron(requeue_forgotten, second=0, run_at_startup=False)]
    on_startup = startup
    on_shutdown = shutdown
    redis_settings = RedisSettings.from_dsn(str(config.redis_url))
    # Results are in PostgreSQL; without this a second job for the same order would be refused for an hour.
    keep_result = 0
    max_jobs = config.db_pool_size
    job_timeout = 30
    # On SIGTERM running jobs may finish. terminationGracePeriodSeconds must be longer than this.
    job_completion_wait = 25
    # One key per pod: `arq --check` then answers for this worker and not for any worker.
    health_check_key = f"shop:worker:{socket.gethostname()}"
    health_check_interval = 15
