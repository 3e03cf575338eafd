"""One run: never beside another one, never for ever, and its exit code tells how it went."""

import faulthandler
import fcntl
import logging
import secrets
import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path

from . import logs, summary
from .settings import Settings

DONE = 0
FAILED = 1
UNDER_WAY = 75  # what sysexits.h has for "try again later"

# Seconds that a run has left to tidy up when its time is over.
LAST_SECONDS = 5

log = logging.getLogger(__name__)


class UnderWayError(Exception):
    """Another run has not ended yet."""


@contextmanager
def alone(folder: Path) -> Iterator[None]:
    """Keep every other run out, of whichever container that has this folder.

    The lock is the system's: it goes with the process, even with one that is killed.
    """
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / ".lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise UnderWayError from None
        yield


@contextmanager
def limited(seconds: int) -> Iterator[None]:
    """Raise TimeoutError where the work stands when its time is over."""

    def expire(*_: object) -> None:
        raise TimeoutError(f"not done after {seconds} seconds (JOB_TIMEOUT)")

    signal.signal(signal.SIGALRM, expire)
    signal.alarm(seconds)
    # Work that goes on all the same is ended from outside Python, with exit code 1; standard error
    # then tells where it hung.
    faulthandler.dump_traceback_later(seconds + LAST_SECONDS, exit=True)
    try:
        yield
    finally:
        signal.alarm(0)
        faulthandler.cancel_dump_traceback_later()


def run(settings: Settings) -> int:
    """Do the work once, and say how it went: the exit code."""
    logs.context.set({"run_id": secrets.token_hex(8)})
    started = time.monotonic()
    try:
        with limited(settings.job_timeout), alone(settings.data_dir):
            log.info("started")
            summary.write(settings.data_dir, datetime.now(settings.time_zone).date())
    except UnderWayError:
        log.warning("not started: another run is under way")
        return UNDER_WAY
    except SystemExit:
        log.warning("stopped after %.1f seconds", time.monotonic() - started)
        raise
    except Exception:
        log.exception("failed after %.1f seconds", time.monotonic() - started)
        return FAILED
    log.info("done in %.1f seconds", time.monotonic() - started)
    return DONE
