"""Serve the application with Granian, until SIGTERM."""

from granian import Granian
from granian.constants import Interfaces

from . import logs
from .settings import Settings


def main() -> None:
    settings = Settings.load()
    Granian(
        target=f"{__package__}.main:create_app",
        factory=True,
        interface=Interfaces.ASGI,
        address=settings.host,
        port=settings.port,
        workers=settings.workers,
        workers_kill_timeout=settings.shutdown_timeout,
        log_dictconfig=logs.configuration(settings),
        log_access=settings.access_log,
    ).serve()
