"""The command: alone it runs the job once, with `schedule` it does so by the clock."""

import argparse
import signal
import sys

from . import logs, runs, schedule
from .settings import Settings


def main() -> None:
    parser = argparse.ArgumentParser(description="Run the job once.")
    parser.add_argument(
        "schedule",
        nargs="?",
        choices=["schedule"],
        help="run it whenever SCHEDULE says so, until SIGTERM",
    )
    by_the_clock = parser.parse_args().schedule

    settings = Settings.load()
    logs.configure(settings)
    if by_the_clock:
        schedule.follow(settings)
    else:
        # Ends the work where it stands, and lets it tidy up. The first process of a container would
        # not hear SIGTERM otherwise.
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, lambda number, _: sys.exit(128 + number))
        sys.exit(runs.run(settings))


if __name__ == "__main__":
    main()
