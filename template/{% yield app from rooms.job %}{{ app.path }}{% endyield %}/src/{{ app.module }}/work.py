"""The work of a run. Replace it with your own."""

from datetime import datetime

from . import summary
from .settings import Settings


def work(settings: Settings) -> None:
    """Do it once. An exception makes the run fail, and is logged."""
    summary.write(settings.data_dir, datetime.now(settings.time_zone).date())
