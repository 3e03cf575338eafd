"""The worker in production, on each broker: what becomes of its tasks, whatever happens to it.

A class for each broker, so that pytest-xdist can run both at the same time.
"""

import json
import re
import shlex
import time
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, ClassVar

import pytest

from .docker import Compose, Container, Project, docker, inspect, run, token, wait_until

pytestmark = pytest.mark.engine

FILES = ("compose.yaml", "compose.prod.yaml")
REGISTRY = "registry.invalid"  # a name that nothing can be pulled from

# A stop gives running tasks a second, and Redis waits 20 for one that was not acknowledged.
SETTINGS = "SHUTDOWN_TIMEOUT=1\nTASK_TIME_LIMIT=10\n"

# What a user would add, to be counted by its log lines.
TASKS = '''

@app.task
def nap(number: int, seconds: float) -> None:
    log.info("begun %s", number)
    time.sleep(seconds)
    log.info("done %s", number)


@app.task
def oversleep() -> None:
    """Deaf to the soft time limit."""
    log.info("begun oversleep")
    try:
        time.sleep(60)
    except BaseException:
        time.sleep(60)


@app.task
def crash() -> None:
    log.info("begun crash")
    os._exit(1)
'''


class Stack:
    """A project with its broker, running as in production."""

    def __init__(self, template: Path, folder: Path, broker: str) -> None:
        self.broker = broker
        name = f"worker-{token()}"
        answers = {"framework": "worker", "services": [broker], "python_version": "3.13"}
        self.project = Project.render(
            template, folder / name, name, registry=f"{REGISTRY}/acme", **answers
        )
        self.project.edit(f"src/{self.project.module}/tasks.py", "import json", "import json\nimport os")
