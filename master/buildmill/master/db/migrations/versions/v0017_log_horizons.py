"""How long logs are kept, as each master's configuration says.

Revision ID: 0017_log_horizons
Revises: 0016_schedulers
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0017_log_horizons"
down_revision = "0016_schedulers"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add a column; nothing is known until a master has been configured."""
    op.add_column("masters", sa.Column("log_horizons", sa.Text()))
