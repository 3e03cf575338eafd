"""Probes: check all services in parallel, and wait for none of them too long."""

import logging
from collections.abc import Callable, Collection
from concurrent.futures import Future, wait
from threading import Lock, Thread

TIMEOUT = 1.0  # seconds; a prober that has to wait longer would give up on the app
READY = {"ok", "not configured"}

log = logging.getLogger(__name__)


class BusyError(Exception):
    """The app has no thread left to check with: the service itself may be fine."""


class Probe:
    """Checks one service, with one ping in flight at most.

    A ping that hangs is left alone: nothing can end a thread that waits in a driver. The next
    check waits for the same ping, so that a dead service does not collect threads.
    """

    def __init__(self, name: str, ping: Callable[[], object] | None) -> None:
        """`ping` raises if the service does not respond; it is None if there is no service."""
        self.name = name
        self._ping = ping
        self._lock = Lock()
        self._pending: Future[None] | None = None

    def check(self) -> Future[None] | None:
        if self._ping is None:
            return None
        with self._lock:
            if self._pending is None or self._pending.done():
                pending: Future[None] = Future()
                try:
                    Thread(target=self._answer, args=[self._ping, pending], daemon=True).start()
                except RuntimeError:  # no more threads: nobody would ever complete this one
                    pending.set_exception(BusyError())
                self._pending = pending
            return self._pending

    @staticmethod
    def _answer(ping: Callable[[], object], pending: Future[None]) -> None:
        try:
            ping()
        except Exception as error:
            pending.set_exception(error)
        else:
            pending.set_result(None)

    def state(self, check: Future[None] | None) -> str:
        if check is None:
            return "not configured"
        if not check.done():
            log.warning("%s is not ready: no answer in %s s", self.name, TIMEOUT)
            return "no answer"
        if error := check.exception():
            log.warning("%s is not ready: %s", self.name, type(error).__name__)
            return "busy" if isinstance(error, BusyError) else "unreachable"
        return "ok"


def states(probes: Collection[Probe]) -> dict[str, str]:
    """Each service's state: `ok`, `unreachable`, `no answer`, `busy` or `not configured`."""
    checks = [probe.check() for probe in probes]
    wait([check for check in checks if check], timeout=TIMEOUT)
    return {probe.name: probe.state(check) for probe, check in zip(probes, checks, strict=True)}
