"""Deliveries: which event arrived where, written down when the task is done."""

from contextlib import ExitStack
from datetime import datetime
from functools import cache
from typing import Any
from urllib.parse import urlsplit

from celery import Task
from celery.signals import task_success, worker_process_shutdown
from sqlalchemy import DateTime, String, func
from sqlalchemy.orm import Mapped, mapped_column

from .database import Database, connect
from .settings import Settings
from .tables import Base
from .tasks import deliver

stack = ExitStack()


class Delivery(Base):
    __tablename__ = "deliveries"

    # The task's id: a task that runs twice is one delivery.
    id: Mapped[str] = mapped_column(String(36), primary_key=True)
    receiver: Mapped[str] = mapped_column(String(255))
    delivered_at: Mapped[datetime] = mapped_column(
        DateTime(timezone=True), server_default=func.current_timestamp()
    )


@cache
def database() -> Database:
    """One pool of connections for each process, opened when it is first needed."""
    return stack.enter_context(connect(Settings.load()))


@worker_process_shutdown.connect
def close(**_: Any) -> None:
    stack.close()


@task_success.connect
def write_down(sender: Task[Any, Any], **_: Any) -> None:
    if sender.name == deliver.name:
        url = (sender.request.args or [""])[0]
        receiver = urlsplit(str(url)).hostname or ""
        with database().sessions.begin() as session:
            session.merge(Delivery(id=str(sender.request.id), receiver=receiver))
