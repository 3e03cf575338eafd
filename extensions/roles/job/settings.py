from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo
from cronsim import CronSim, CronSimError
from pydantic import PositiveInt, field_validator

    # What the job writes, and the lock with which one run keeps out another.
    data_dir: Path = Path("data")
    # Seconds that a run may take.
    job_timeout: PositiveInt = 300
    # When `schedule` starts a run, and in which time zone.
    schedule: str = "30 2 * * *"
    time_zone: ZoneInfo = ZoneInfo("UTC")
    # Where `schedule` writes how things stand, for the health check; nowhere if it is unset.
    health_report: Path | None = None

    @field_validator("schedule")
    @classmethod
    def check_schedule(cls, value: str) -> str:
        try:
            next(CronSim(value, datetime.now()))
        except CronSimError as error:
            raise ValueError(f"{error}: write minute hour day month weekday") from None
        except StopIteration:
            raise ValueError("this time never comes") from None
        return value
