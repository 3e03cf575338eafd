"""Bring the database's tables up to date: `python -m` this module, then start the application."""

import logging
from importlib.resources import as_file, files

from alembic import command
from alembic.config import Config

from . import logs
from .settings import Settings


def upgrade(settings: Settings) -> None:
    with as_file(files(__package__) / "migrations") as migrations:
        config = Config()
        config.set_main_option("script_location", str(migrations).replace("%", "%%"))
        config.attributes["settings"] = settings
        command.upgrade(config, "head")


if __name__ == "__main__":
    options = Settings.load()
    logs.configure(options)
    try:
        upgrade(options)
    except Exception:
        logging.getLogger(__package__).exception("the migration failed")
        raise SystemExit(1) from None
