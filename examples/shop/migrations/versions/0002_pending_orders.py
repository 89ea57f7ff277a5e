"""An index for the orders that wait, built without blocking writers."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    with op.get_context().autocommit_block():
        op.create_index(
            "orders_pending",
            "orders",
            ["created_at"],
            postgresql_where=sa.text("status = 'pending'"),
            postgresql_concurrently=True,
            if_not_exists=True,
        )


def downgrade() -> None:
    with op.get_context().autocommit_block():
        op.drop_index("orders_pending", postgresql_concurrently=True, if_exists=True)
