"""One run: never two at a time, never without end, and its exit code says how it went."""

import faulthandler
import fcntl  # of Linux and macOS
import logging
import secrets
import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from . import logs
from .settings import Settings
from .work import work

DONE = 0
FAILED = 1
UNDER_WAY = 75  # "try again later" in sysexits.h

# Seconds that a run has left to clean up when its time is over.
LAST_SECONDS = 5

log = logging.getLogger(__name__)


class UnderWayError(Exception):
    """Another run has not ended yet."""


@contextmanager
def alone(folder: Path) -> Iterator[None]:
    """Keep out every other run, in any container that shares this folder.

    The lock is the system's: it ends with the process, even with one that is killed.
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
    """Raise TimeoutError in the work when its time is over."""

    def expire(*_: object) -> None:
        raise TimeoutError(f"not done after {seconds} seconds (JOB_TIMEOUT)")

    signal.signal(signal.SIGALRM, expire)
    signal.alarm(seconds)
    # Work that goes on regardless is ended from outside Python, with exit code 1; standard error
    # then shows where it hung.
    faulthandler.dump_traceback_later(seconds + LAST_SECONDS, exit=True)
    try:
        yield
    finally:
        signal.alarm(0)
        faulthandler.cancel_dump_traceback_later()


def run(settings: Settings) -> int:
    """Do the work once; the exit code says how it went."""
    logs.context.set({"run_id": secrets.token_hex(8)})
    started = time.monotonic()
    try:
        with limited(settings.job_timeout), alone(settings.data_dir):
            log.info("started")
            work(settings)
    except UnderWayError:
        log.warning("not started: another run is under way")
        return UNDER_WAY
    except SystemExit:
        log.warning("stopped after %.1f seconds", time.monotonic() - started)
        raise
    except Exception as error:
        cause = f"{type(error).__name__}: {error}"
        log.exception("failed after %.1f seconds: %s", time.monotonic() - started, cause)
        return FAILED
    log.info("done in %.1f seconds", time.monotonic() - started)
    return DONE
