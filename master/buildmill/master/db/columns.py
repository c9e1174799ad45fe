"""What tables are made of; all belong to one `metadata`.

Instants are integer seconds since the epoch (UTC) and end in ``_at``; those of job graphs are milliseconds and end in
``_at_ms``.
"""

from __future__ import annotations

import sqlalchemy as sa

metadata = sa.MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s",
        "pk": "pk_%(table_name)s",
    }
)

Id = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
Instant = sa.BigInteger
Flag = sa.SmallInteger
Json = sa.Text


def id_column() -> sa.Column[int]:
    """The row's own number."""
    return sa.Column("id", Id, primary_key=True, autoincrement=True)


def reference(
    name: str, target: str, *, ondelete: str = "CASCADE", nullable: bool = False, index: bool = False
) -> sa.Column[int]:
    """The number of a row elsewhere."""
    return sa.Column(name, Id, sa.ForeignKey(target, ondelete=ondelete), nullable=nullable, index=index or None)
