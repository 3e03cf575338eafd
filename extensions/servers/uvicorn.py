"""Serve the application with Uvicorn, until SIGTERM."""

import uvicorn

from . import logs
from .settings import Settings


def main() -> None:
    settings = Settings.load()
    uvicorn.run(
        f"{__package__}.main:create_app",
        factory=True,
        host=settings.host,
        port=settings.port,
        workers=settings.workers,
        timeout_graceful_shutdown=settings.shutdown_timeout,
        log_config=logs.configuration(settings),
        access_log=settings.access_log,
    )
