"""Alembic migrations of the case schema, shipped with the package; run by ``store.migrate``."""
