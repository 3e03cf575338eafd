"""What the project's own image must reach."""

from dataclasses import dataclass, replace

from .figures import Figures
from .project import Change
from .recipes import COMMON, GUIDE_GRANIAN, GUIDE_UVICORN, OURS_GRANIAN, OURS_UVICORN, Recipe

GUIDE = "of uv's guide"


@dataclass(frozen=True)
class Must:
    what: str
    value: float | None  # none: not measured
    limit: float
    unit: str
    at_least: bool = False

    @property
    def margin(self) -> float | None:
        """How far on the right side of the limit; below zero: on the wrong one."""
        if self.value is None:
            return None
        return self.value - self.limit if self.at_least else self.limit - self.value

    @property
    def verdict(self) -> str:
        if self.margin is None:
            return "not measured"
        return "met" if self.margin >= 0 else "MISSED"


def musts(measured: dict[Recipe, Figures]) -> list[Must]:
    """Limits for FastAPI; the other frameworks stand beside the common recipe, without limits."""
    if OURS_GRANIAN not in measured:
        return []
    return [
        *beside_the_guide(OURS_GRANIAN, measured[OURS_GRANIAN], measured[GUIDE_GRANIAN], 80),
        speed(measured[OURS_GRANIAN], measured[COMMON]),
        *beside_the_guide(OURS_UVICORN, measured[OURS_UVICORN], measured[GUIDE_UVICORN], 70),
    ]


def beside_the_guide(
    recipe: Recipe, ours: Figures, guide: Figures, megabytes_added: int
) -> list[Must]:
    code, pure, compiled = Change.CODE, Change.PURE, Change.COMPILED
    untouched = (Change.VERSION, Change.TESTS, Change.TOOLS)
    musts = [
        Must("added to the base", ours.added / 1e6, megabytes_added, "MB"),
        Must("added to the base", ours.added / guide.added, 0.85, GUIDE),
        Must("cold build", ours.cold / guide.cold, 1.3, GUIDE),
        *(
            Must(f"rebuild, {change}", ours.rebuild[change] / guide.rebuild[change], limit, GUIDE)
            for change, limit in ((code, 0.6), (pure, 0.6), (compiled, 0.9))
        ),
        Must(f"pushed, {code}", ours.push[code].size / 1e3, 20, "KB"),
        Must(f"pushed, {pure}", ours.push[pure].size / guide.push[pure].size, 0.25, GUIDE),
        *(
            Must(f"dependencies pushed, {change}", ours.push[change].dependencies, 0, "bytes")
            for change in untouched
        ),
        Must("start → first 200", ours.first_answer / guide.first_answer, 0.65, GUIDE),
        Must("start → healthy", ours.healthy, 1.5, "s"),
        Must("SIGTERM → exit", ours.exit, 0.5, "s"),
        Must("exit code after SIGTERM", ours.exit_code, 0, ""),
    ]
    return [replace(must, what=f"{recipe.title}: {must.what}") for must in musts]


def speed(ours: Figures, common: Figures) -> Must:
    ratio = None
    if ours.requests_per_second and common.requests_per_second:
        ratio = ours.requests_per_second / common.requests_per_second
    return Must(f"{OURS_GRANIAN.title}: requests/s", ratio, 2, "times common", at_least=True)
