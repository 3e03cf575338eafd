"""The example: how full the disk was, a file a day."""

import json
import logging
import shutil
from datetime import date
from pathlib import Path

from .files import write_whole

log = logging.getLogger(__name__)


def write(folder: Path, day: date) -> Path:
    """Write the day's file. A run can be repeated: it replaces the file of an earlier one."""
    disk = shutil.disk_usage(folder)
    summary = {"day": day.isoformat(), "bytes": disk.total, "free": disk.free}
    path = folder / f"summary-{day}.json"
    write_whole(path, json.dumps(summary) + "\n")
    log.info("wrote %s", path.name)
    return path
