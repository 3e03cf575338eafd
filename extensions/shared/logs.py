"""Logs: one JSON object a line in production, plain lines in development."""

import json
import logging
import logging.config
from contextvars import ContextVar
from datetime import UTC, datetime
from typing import Any

from .environment import Environment

# What is being worked on; every line that is logged meanwhile carries it.
context: ContextVar[dict[str, str] | None] = ContextVar("context", default=None)


class JsonFormatter(logging.Formatter):
    """One line a record, so that a log collector never has to guess where an entry ends."""

    def __init__(self, always: dict[str, str]) -> None:
        super().__init__()
        self.always = always

    def format(self, record: logging.LogRecord) -> str:
        entry = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname,
            "logger": record.name,
            "message": record.getMessage(),
            **self.always,
            **(context.get() or {}),
        }
        if record.exc_info:
            entry["exception"] = self.formatException(record.exc_info)
        return json.dumps(entry, ensure_ascii=False, default=str)


def configuration(settings: Environment, **always: str) -> dict[str, Any]:
    """The one logging setup, for the application and for the server that runs it.

    What `always` holds is in each line of production.
    """
    return {
        "version": 1,
        "disable_existing_loggers": False,
        "formatters": {
            "production": {"()": JsonFormatter, "always": always},
            "development": {"format": "%(asctime)s %(levelname)-8s %(name)s: %(message)s"},
        },
        "handlers": {
            "stdout": {
                "class": "logging.StreamHandler",
                "stream": "ext://sys.stdout",
                "formatter": settings.environment,
            },
        },
        "root": {"level": settings.log_level, "handlers": ["stdout"]},
        # None of their own: what the server logs goes the same way as everything else.
        "loggers": {},
    }


def configure(settings: Environment, **always: str) -> None:
    logging.config.dictConfig(configuration(settings, **always))
