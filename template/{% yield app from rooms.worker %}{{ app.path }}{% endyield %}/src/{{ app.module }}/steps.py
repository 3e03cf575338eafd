"""Steps: what the worker does besides its tasks, from its start to its stop."""

import logging
from typing import Any

from celery.apps.worker import install_worker_term_handler  # type: ignore[attr-defined]
from celery.bootsteps import StartStopStep

from .settings import Settings

log = logging.getLogger(__name__)


class Heartbeat(StartStopStep):
    """Touch a file every other second, for docker/health/worker.py to check.

    The loop that does so is stuck while the broker does not respond.
    """

    requires = ("celery.worker.components:Timer",)

    def start(self, parent: Any) -> None:
        if heartbeat := Settings.load().heartbeat:
            parent.timer.call_repeatedly(2, heartbeat.touch, priority=10)


class Deadline(StartStopStep):
    """On a stop, running tasks get some time to end. Then they go back to the queue."""

    requires = ("celery.worker.components:Timer", "celery.worker.components:Pool")

    def start(self, parent: Any) -> None:
        # Celery's own handler prints a line that is not in the format of the log.
        install_worker_term_handler(parent, verbose=False)

    def close(self, parent: Any) -> None:
        seconds = Settings.load().shutdown_timeout
        log.info("stopping: running tasks have %s seconds to end", seconds)
        parent.timer.call_after(seconds, self.give_back, (parent,))

    def give_back(self, parent: Any) -> None:
        log.warning("tasks that are still running go back to the queue")
        parent.consumer.cancel_active_requests()
