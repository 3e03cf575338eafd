"""Bring the database's tables up to date: `python -m` this module, then start the application."""

import logging
import os
from concurrent.futures import ThreadPoolExecutor

import django
from django.conf import settings
from django.core.management import call_command
from django.db import connection
from django.db.migrations.executor import MigrationExecutor

log = logging.getLogger(__package__)


def upgrade() -> None:
    try:
        executor = MigrationExecutor(connection)
        plan = executor.migration_plan(executor.loader.graph.leaf_nodes())
        log.info("to apply: %s", ", ".join(str(migration) for migration, _ in plan) or "nothing")
        call_command("migrate", interactive=False, verbosity=0)
    finally:
        connection.close()


def upgrade_local_file() -> None:
    """A developer's SQLite file is upgraded at every start: nothing else does it."""
    if settings.DEBUG and connection.vendor == "sqlite":
        # In a thread, because Django refuses to use a database inside a server's event loop.
        with ThreadPoolExecutor() as pool:
            pool.submit(upgrade).result()


def main() -> None:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", f"{__package__}.settings")
    django.setup()
    try:
        upgrade()
    except Exception:
        log.exception("the migration failed")
        raise SystemExit(1) from None
    log.info("the tables are up to date")


if __name__ == "__main__":
    main()
