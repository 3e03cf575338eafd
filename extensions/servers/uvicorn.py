"""Serve the application with Uvicorn, until SIGTERM."""

import uvicorn

from . import logs, settings


def main() -> None:
    options = settings.load()
    uvicorn.run(
        f"{__package__}.main:create_app",
        factory=True,
        host=options.host,
        port=options.port,
        workers=options.workers,
        timeout_graceful_shutdown=options.shutdown_timeout,
        log_config=logs.configuration(options),
        access_log=options.access_log,
    )
