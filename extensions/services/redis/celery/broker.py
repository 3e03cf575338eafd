"""Redis as the broker: what Celery has to know to keep tasks in it."""

from typing import Any

from .settings import Settings


def options(settings: Settings) -> dict[str, Any]:
    if settings.redis is None:
        return {"broker_url": "memory://"}
    return {
        "broker_url": settings.redis.get_secret_value(),
        "broker_transport_options": {
            # Redis does not notice that a worker has died: after so many seconds without an
            # acknowledgment, a task goes to another worker. So no task may take longer, or be sent
            # for later (Celery's retries wait for up to 10 minutes): it would run twice.
            "visibility_timeout": max(900, 2 * settings.task_time_limit),
            # Look for such tasks every 10 seconds, not every 100.
            "unacked_restore_interval": 10,
            "unacked_restore_throttle": 1,
            # In seconds; a connection that stays silent for so long counts as lost.
            "socket_timeout": 5,
            "health_check_interval": 5,
        },
    }
