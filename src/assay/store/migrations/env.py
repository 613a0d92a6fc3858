"""Run migrations on the connection that ``store.migrate`` hands over; opens none of its own."""

from __future__ import annotations

from alembic import context

from assay.store.schema import metadata

context.configure(connection=context.config.attributes["connection"], target_metadata=metadata)
context.run_migrations()
