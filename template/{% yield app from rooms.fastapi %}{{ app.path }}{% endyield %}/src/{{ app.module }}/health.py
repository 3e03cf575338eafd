"""Health: /health reports that the process is up, /ready that it can do its work."""

import asyncio
import logging
from collections.abc import Awaitable, Callable

from starlette.requests import Request
from starlette.responses import JSONResponse

TIMEOUT = 1.0  # seconds; a prober that has to wait longer would give up on the app
READY = {"ok", "not configured"}

log = logging.getLogger(__name__)


class Probe:
    """Checks one service, with one ping in flight at most.

    A ping that hangs is left alone, not cancelled: some drivers block the caller until the
    server confirms the cancellation. The next check waits for the same ping.
    """

    def __init__(self, name: str, ping: Callable[[], Awaitable[object]] | None) -> None:
        """`ping` raises if the service does not respond; it is None if there is no service."""
        self.name = name
        self._ping = ping
        self._pending: asyncio.Future[object] | None = None

    async def state(self) -> str:
        if self._ping is None:
            return "not configured"
        if self._pending is None or self._pending.done():
            self._pending = asyncio.ensure_future(self._ping())
        await asyncio.wait({self._pending}, timeout=TIMEOUT)
        if not self._pending.done():
            log.warning("%s is not ready: no answer in %s s", self.name, TIMEOUT)
            return "no answer"
        if error := self._pending.exception():
            log.warning("%s is not ready: %s", self.name, type(error).__name__)
            return "unreachable"
        return "ok"


async def health(request: Request) -> JSONResponse:
    """Checks no service: a broken database must not get a healthy process killed."""
    return JSONResponse({"status": "healthy"})


async def ready(request: Request) -> JSONResponse:
    """Checks all services in parallel; a 503 keeps traffic away until every one responds."""
    probes: list[Probe] = request.app.state.probes
    states = await asyncio.gather(*(probe.state() for probe in probes))
    is_ready = READY.issuperset(states)
    return JSONResponse(
        {
            "status": "ready" if is_ready else "not ready",
            "services": {probe.name: state for probe, state in zip(probes, states, strict=True)},
        },
        status_code=200 if is_ready else 503,
    )
