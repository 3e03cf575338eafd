"""The command: on its own it runs the job once, with `schedule` it does so whenever it is due."""

import argparse
import signal
import sys


def main() -> None:
    parser = argparse.ArgumentParser(description="Run the job once.")
    parser.add_argument(
        "schedule",
        nargs="?",
        choices=["schedule"],
        help="run it on the schedule in SCHEDULE, until SIGTERM",
    )
    scheduled = parser.parse_args().schedule

    # Ends the work where it stands, and lets it clean up. The first process of a container would
    # ignore SIGTERM otherwise, while the imports below take their time, too.
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda number, _: sys.exit(0 if scheduled else 128 + number))

    if sys.platform == "win32":
        sys.exit("This job runs on Linux and macOS. On Windows, run it with Docker or in WSL.")

    from . import logs, runs, schedule
    from .settings import Settings

    settings = Settings.load()
    logs.configure(settings)
    if scheduled:
        schedule.follow(settings)
    else:
        sys.exit(runs.run(settings))


if __name__ == "__main__":
    main()
