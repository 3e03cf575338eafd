"""Serve the application with Granian, until SIGTERM."""

from granian import Granian
from granian.constants import Interfaces

from . import logs, settings


def main() -> None:
    options = settings.load()
    Granian(
        target=f"{__package__}.main:create_app",
        factory=True,
        interface=Interfaces.ASGI,
        address=options.host,
        port=options.port,
        workers=options.workers,
        workers_kill_timeout=options.shutdown_timeout,
        log_dictconfig=logs.configuration(options),
        log_access=options.access_log,
    ).serve()
