from pathlib import Path
from re import fullmatch
from typing import Annotated
from pydantic import Field, PositiveInt, field_validator
from pydantic_settings import NoDecode

    # Tasks that run at the same time, each in a process of its own. Add replicas before workers.
    workers: PositiveInt = 1
    # How long a task may take, in seconds.
    task_time_limit: PositiveInt = 300
    # How long a stop waits for running tasks: less than the container's grace period.
    shutdown_timeout: PositiveInt = 20
    # The file to touch while all is well; the image sets it, for its health check.
    heartbeat: Path | None = None
    # Who gets each event: URLs of webhooks, separated by commas.
    receivers: Annotated[tuple[str, ...], NoDecode, Field(validate_default=False)] = ()

    @field_validator("receivers", mode="before")
    @classmethod
    def split_receivers(cls, value: str) -> tuple[str, ...]:
        urls = tuple(dict.fromkeys(url.strip() for url in value.split(",") if url.strip()))
        if not all(fullmatch(r"https?://([\w.-]+|\[[\w:]+])(:\d+)?(/\S*)?", url) for url in urls):
            raise ValueError("write http:// or https:// URLs, separated by commas")
        return urls
