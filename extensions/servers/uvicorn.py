"""Serve the application with Uvicorn, until SIGTERM."""

import signal

import uvicorn

from . import logs
from .settings import Settings


def main() -> None:
    settings = Settings.load()
    # After a clean stop Uvicorn raises SIGTERM once more: unheard, it does not spoil the exit code.
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
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
