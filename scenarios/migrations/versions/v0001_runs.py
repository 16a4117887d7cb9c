"""The first schema: scenarios, runs with their manifests, and the files that went in and came out."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None


def upgrade() -> None:
    """To this schema."""
    op.create_table(
        "scenarios",
        sa.Column("digest", sa.String(64), primary_key=True),
        sa.Column("name", sa.String(200), nullable=False, index=True),
        sa.Column("title", sa.Text, nullable=False),
        sa.Column("why", sa.Text, nullable=False),
        sa.Column("body", sa.Text, nullable=False),
    )
    op.create_table(
        "runs",
        sa.Column("id", sa.String(16), primary_key=True),
        sa.Column("recorded_at", sa.String(32), nullable=False, index=True),
        sa.Column("study", sa.String(200), nullable=False, index=True),
        sa.Column("scenario", sa.String(64), sa.ForeignKey("scenarios.digest"), nullable=False, index=True),
        sa.Column("place", sa.Text, nullable=False),
        sa.Column("folder", sa.Text, nullable=False),
        sa.Column("manifest", sa.Text, nullable=False),
        sa.Column("summary", sa.Text, nullable=False),
    )
    op.create_table(
        "blobs",
        sa.Column("digest", sa.String(64), primary_key=True),
        sa.Column("content", sa.LargeBinary, nullable=False),
    )
    op.create_table(
        "files",
        sa.Column("run", sa.String(16), sa.ForeignKey("runs.id"), primary_key=True),
        sa.Column("side", sa.String(8), primary_key=True),
        sa.Column("path", sa.String(500), primary_key=True),
        sa.Column("digest", sa.String(64), nullable=False),
    )


def downgrade() -> None:
    """Back to nothing."""
    for table in ("files", "blobs", "runs", "scenarios"):
        op.drop_table(table)
