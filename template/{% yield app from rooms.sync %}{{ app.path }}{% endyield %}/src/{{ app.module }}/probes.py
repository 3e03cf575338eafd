"""Probes: ask every service at once whether it answers, and wait for none of them too long."""

import logging
from collections.abc import Callable, Mapping
from concurrent.futures import Future, wait
from threading import Lock, Thread

TIMEOUT = 1.0  # seconds; a prober that waits longer would call the application dead

log = logging.getLogger(__name__)


class Probe:
    """Asks one service whether it answers, with one question under way at most.

    A question that hangs is left alone: nothing can end a thread that waits in a driver. The
    next check waits for the same question, so that a dead service does not collect threads.
    """

    def __init__(self, ping: Callable[[], object]) -> None:
        self._ping = ping
        self._lock = Lock()
        self._question: Future[None] | None = None

    def ask(self) -> Future[None]:
        with self._lock:
            if self._question is None or self._question.done():
                self._question = Future()
                Thread(target=self._answer, args=[self._question], daemon=True).start()
            return self._question

    def _answer(self, question: Future[None]) -> None:
        try:
            self._ping()
        except Exception as error:
            question.set_exception(error)
        else:
            question.set_result(None)


def states(probes: Mapping[str, Probe]) -> dict[str, str]:
    """What each service's state is: `ok`, `unreachable` or `no answer`."""
    questions = {name: probe.ask() for name, probe in probes.items()}
    wait(questions.values(), timeout=TIMEOUT)
    return {name: state(question) for name, question in questions.items()}


def state(question: Future[None]) -> str:
    if not question.done():
        return "no answer"
    if error := question.exception():
        log.warning("not ready: %s", type(error).__name__)
        return "unreachable"
    return "ok"
