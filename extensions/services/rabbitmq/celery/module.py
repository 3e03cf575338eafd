"""RabbitMQ as the broker: what Celery has to know to keep tasks in it."""

import logging
from typing import Any

from .settings import Settings

log = logging.getLogger(__name__)


def options(settings: Settings, task_time_limit: int = 0) -> dict[str, Any]:
    url = settings.address("rabbitmq")
    if url is None:
        return {"broker_url": "memory://"}
    return {
        "broker_url": url,
        # Over TLS, the certificate must be the one of the URL's host, not any that is valid.
        "broker_use_ssl": {"server_hostname": None} if url.startswith("amqps:") else False,
        # A broker that hangs is noticed after twice this many seconds.
        "broker_heartbeat": 10,
        "broker_transport_options": {
            # A task counts as sent once RabbitMQ confirms that it has it.
            "confirm_publish": True,
            # RabbitMQ confirms nothing while it is out of memory or disk space. So sending a task
            # fails after four times this many seconds, instead of waiting until that ends.
            "read_timeout": 5,
            "on_blocked": warn,
        },
        "task_publish_retry_policy": {"max_retries": 1, "interval_start": 0},
        # Queues that are written to disk, and copied if there are several nodes.
        "task_default_queue_type": "quorum",
        # With topics, RabbitMQ itself holds back a task that is due later, such as a retry.
        "task_default_exchange_type": "topic",
    }


def warn(reason: str) -> None:
    log.warning("RabbitMQ accepts no tasks, being out of memory or disk space: %s", reason)
