"""The schedule: starts a run whenever one is due, until SIGTERM. Missed runs are skipped."""

import logging
import signal
import subprocess
import sys
import time
from datetime import datetime
from queue import Empty, SimpleQueue

from cronsim import CronSim

from .files import write_whole
from .runs import DONE, UNDER_WAY
from .settings import Settings

# Seconds after which a run that should have started or ended is overdue.
LATE = 120

log = logging.getLogger(__name__)


def follow(settings: Settings) -> None:
    # Unlike an Event, this queue can be filled at any moment, even in a signal handler.
    stops: SimpleQueue[int] = SimpleQueue()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda number, _: stops.put(number))

    result = DONE
    while stops.empty():
        due = next(CronSim(settings.schedule, datetime.now(settings.time_zone)))
        log.info("the next run is due at %s", due.isoformat())
        report(settings, result, due.timestamp())
        if not wait_until(due.timestamp(), stops):
            break

        report(settings, result, time.time() + settings.job_timeout)
        # In a process of its own: the schedule goes on whatever happens to it. A stop waits for it.
        run_once = [sys.executable, "-m", f"{__package__}.main"]
        code = subprocess.run(run_once).returncode  # noqa: S603, nothing in it comes from outside
        if code not in {DONE, UNDER_WAY}:
            log.error("the run failed with exit code %s", code)
        if code != UNDER_WAY:
            result = code
    log.info("stopped")


def wait_until(due: float, stops: SimpleQueue[int]) -> bool:
    """Whether that moment comes before a stop."""
    while (left := due - time.time()) > 0:
        try:
            # A minute at most, then check again: clocks are set, and machines sleep.
            stops.get(timeout=min(left, 60))
        except Empty:
            continue
        return False
    return True


def report(settings: Settings, result: int, expected: float) -> None:
    """Tell the health check how the last run ended, and by when something must happen."""
    if settings.health_report:
        write_whole(settings.health_report, f"{result} {expected + LATE:.0f}\n")
