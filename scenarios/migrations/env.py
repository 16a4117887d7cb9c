"""How Alembic reaches the store: over the connection that `scenarios.store` hands it."""

from alembic import context

from scenarios.store import META

context.configure(connection=context.config.attributes["connection"], target_metadata=META)
with context.begin_transaction():
    context.run_migrations()
