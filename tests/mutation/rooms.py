"""Which files are mutated, in which rooms, and which tests are asked about them."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Final

ENGINE: Final = (
    "batch",
    "codec",
    "deadletters",
    "decisions",
    "desk",
    "documents",
    "ledger",
    "loop",
    "records",
    "suspects",
)

ROOMS: Final[dict[str, tuple[tuple[str, ...], tuple[str, ...]]]] = {
    "hl7": (("shared/hl7/*.py",), ("tests/unit/hl7",)),
    "adt": (
        ("services/admissions/adt/*.py",),
        tuple(
            f"tests/unit/admissions/test_adt_{name}.py"
            for name in ["event", "patient", "read_lines", "sets", "tables", "visit"]
        ),
    ),
    "admissions": (
        ("services/admissions/domain/lifecycle.py",),
        tuple(f"tests/unit/admissions/test_{name}.py" for name in ("lifecycle", "lifecycle_words", "triggers")),
    ),
    "discharge": (
        tuple(f"services/discharge/domain/{name}.py" for name in ("lifecycle", "clocks", "deadlines", "pathways")),
        ("tests/unit/discharge",),
    ),
    "followup": (("services/followup/domain/*.py",), ("tests/unit/followup",)),
    "clock": (("shared/clock.py",), ("tests/unit/shared",)),
    "engine": (tuple(f"shared/stream/{name}.py" for name in ENGINE), ("tests/unit/stream",)),
}
"""Room → (its files, its tests)."""


def files_of(room: str, tree: Path) -> Iterator[Path]:
    """The room's files in `tree`, relative to it, sorted."""
    patterns, _ = ROOMS[room]
    yield from sorted({file.relative_to(tree) for pattern in patterns for file in tree.glob(pattern)})
