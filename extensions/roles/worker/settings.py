from pathlib import Path
from pydantic import PositiveInt

    # Tasks that run at the same time, each in a process of its own. Add replicas before workers.
    workers: PositiveInt = 1
    # How long a task may take, in seconds.
    task_time_limit: PositiveInt = 300
    # How long a stop waits for running tasks: less than the container's grace period.
    shutdown_timeout: PositiveInt = 20
    # The file to touch while all is well; the image names it, for its health check.
    heartbeat: Path | None = None
