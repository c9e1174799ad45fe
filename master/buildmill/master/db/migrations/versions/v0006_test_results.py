"""Results of tests; commits and branches of codebases.

Revision ID: 0006_test_results
Revises: 0005_accounts
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0006_test_results"
down_revision = "0005_accounts"
branch_labels = None
depends_on = None

ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    """Add the tables."""
    _commits()
    _results()


def _commits() -> None:
    op.create_table(
        "commits",
        sa.Column("id", ID, autoincrement=True, nullable=False),
        sa.Column("codebase_id", ID, nullable=False),
        sa.Column("author", sa.Text(), nullable=False),
        sa.Column("committer", sa.Text(), nullable=True),
        sa.Column("comments", sa.Text(), nullable=False),
        sa.Column("when_timestamp", sa.BigInteger(), nullable=False),
        sa.Column("revision", sa.String(255), nullable=False),
        sa.Column("parent_id", ID, nullable=True),
        *_references("commits", codebase_id=("codebases", "CASCADE"), parent_id=("commits", "SET NULL")),
        sa.UniqueConstraint("codebase_id", "revision", name="uq_commits_codebase_id_revision"),
    )
    op.create_table(
        "branches",
        sa.Column("id", ID, autoincrement=True, nullable=False),
        sa.Column("codebase_id", ID, nullable=False),
        sa.Column("name", sa.String(255), nullable=False),
        sa.Column("commit_id", ID, nullable=True),
        sa.Column("last_timestamp", sa.BigInteger(), nullable=False),
        *_references("branches", codebase_id=("codebases", "CASCADE"), commit_id=("commits", "SET NULL")),
        sa.UniqueConstraint("codebase_id", "name", name="uq_branches_codebase_id_name"),
    )


def _results() -> None:
    op.create_table(
        "test_result_sets",
        sa.Column("id", ID, autoincrement=True, nullable=False),
        sa.Column("builder_id", ID, nullable=False),
        sa.Column("build_id", ID, nullable=False),
        sa.Column("step_id", ID, nullable=False),
        sa.Column("description", sa.Text(), nullable=True),
        sa.Column("category", sa.Text(), nullable=False),
        sa.Column("value_unit", sa.Text(), nullable=False),
        sa.Column("tests_passed", sa.Integer(), nullable=True),
        sa.Column("tests_failed", sa.Integer(), nullable=True),
        sa.Column("complete", sa.SmallInteger(), server_default="0", nullable=False),
        *_references(
            "test_result_sets",
            builder_id=("builders", "CASCADE"),
            build_id=("builds", "CASCADE"),
            step_id=("steps", "CASCADE"),
        ),
    )
    for column in ("builder_id", "build_id", "step_id"):
        op.create_index(f"ix_test_result_sets_{column}", "test_result_sets", [column])
    op.create_table(
        "test_texts",
        sa.Column("id", ID, autoincrement=True, nullable=False),
        sa.Column("builder_id", ID, nullable=False),
        sa.Column("digest", sa.String(32), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        *_references("test_texts", builder_id=("builders", "CASCADE")),
        sa.UniqueConstraint("builder_id", "digest", name="uq_test_texts_builder_id_digest"),
    )
    op.create_table(
        "test_results",
        sa.Column("id", ID, autoincrement=True, nullable=False),
        sa.Column("test_result_set_id", ID, nullable=False),
        sa.Column("name_id", ID, nullable=True),
        sa.Column("code_path_id", ID, nullable=True),
        sa.Column("line", sa.Integer(), nullable=True),
        sa.Column("duration_ns", sa.BigInteger(), nullable=True),
        sa.Column("value", sa.Text(), nullable=False),
        *_references(
            "test_results",
            test_result_set_id=("test_result_sets", "CASCADE"),
            name_id=("test_texts", "CASCADE"),
            code_path_id=("test_texts", "CASCADE"),
        ),
    )
    op.create_index("ix_test_results_test_result_set_id_id", "test_results", ["test_result_set_id", "id"])


def _references(table: str, **targets: tuple[str, str]) -> list[sa.Constraint]:
    """The primary key of a table, and its foreign keys: {column: (table that it names, what a deletion does)}."""
    keys: list[sa.Constraint] = [sa.PrimaryKeyConstraint("id", name=f"pk_{table}")]
    for column, (target, ondelete) in targets.items():
        name = f"fk_{table}_{column}"
        keys.append(sa.ForeignKeyConstraint([column], [f"{target}.id"], name=name, ondelete=ondelete))
    return keys
