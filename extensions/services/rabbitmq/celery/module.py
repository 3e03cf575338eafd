"""RabbitMQ as the broker: what Celery has to know to keep tasks in it."""

from typing import Any

from .settings import Settings


def options(settings: Settings, task_time_limit: int = 0) -> dict[str, Any]:
    url = settings.address("rabbitmq")
    if url is None:
        return {"broker_url": "memory://"}
    return {
        "broker_url": url,
        # Over TLS, the certificate has to be that of the URL's host; else any valid one would do.
        "broker_use_ssl": {"server_hostname": None} if url.startswith("amqps:") else False,
        # A broker that hangs is noticed after two of these, in seconds.
        "broker_heartbeat": 10,
        # A task counts as sent when RabbitMQ says that it has it.
        "broker_transport_options": {"confirm_publish": True},
        # Queues that are written to disk, and copied if there are several nodes.
        "task_default_queue_type": "quorum",
        # By topics, a task that is sent for later, as a retry is, waits in RabbitMQ for its time.
        "task_default_exchange_type": "topic",
    }
