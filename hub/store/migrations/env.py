"""Alembic's environment: only `hub.store.migrate` runs it, on its own connection and in its own transaction."""

from alembic import context

context.configure(connection=context.config.attributes["connection"], transactional_ddl=True)
context.run_migrations()
