"""Redis as the broker: what Celery has to know to keep tasks in it."""

from typing import Any

from .settings import Settings

# Seconds that Redis keeps a task for a worker that does not acknowledge it, at the least.
VISIBILITY_TIMEOUT = 900


def address(settings: Settings) -> str | None:
    url = settings.address("redis")
    # Over TLS, Celery takes any certificate unless the query says that it is to be checked.
    unchecked = url is not None and url.startswith("rediss:") and "?" not in url
    return f"{url}?ssl_cert_reqs=required" if unchecked else url


def options(settings: Settings, task_time_limit: int = 0) -> dict[str, Any]:
    url = address(settings)
    if url is None:
        return {"broker_url": "memory://"}
    return {
        "broker_url": url,
        "broker_transport_options": {
            # Redis does not notice that a worker died: a task that nobody has acknowledged for this
            # long goes to another worker. So no task may take longer, or be due later than that
            # (Celery's retries wait for up to 10 minutes): it would run twice.
            "visibility_timeout": max(VISIBILITY_TIMEOUT, 2 * task_time_limit),
            # Look for such tasks every 10 seconds, not every 100.
            "unacked_restore_interval": 10,
            "unacked_restore_throttle": 1,
            # A connection that is silent for this many seconds counts as lost.
            "socket_timeout": 5,
            "health_check_interval": 5,
        },
    }
