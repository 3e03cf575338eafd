"""The worker's command."""

import os
import signal


def main() -> int | None:
    # Importing Celery takes a moment, in which the first process of a container would not even
    # notice SIGTERM. Nothing has begun yet that a stop would have to finish.
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: os._exit(0))

    from . import worker

    return worker.main()


if __name__ == "__main__":
    raise SystemExit(main())
