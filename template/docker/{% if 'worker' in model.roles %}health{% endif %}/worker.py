"""Check the worker's heartbeat. Asking the worker itself would cost twenty times as much."""

import os
import time

OLD = 15  # seconds; the worker touches the file every other one

try:
    age = time.time() - os.stat(os.environ["HEARTBEAT"]).st_mtime
except (KeyError, OSError) as error:
    raise SystemExit(f"no heartbeat: {error!r}") from None

if age > OLD:
    raise SystemExit(f"the last heartbeat is {age:.0f} seconds old: is the broker there?")
