"""What a side is told: names and numbers in BENCH_… variables."""

from __future__ import annotations

import os
from dataclasses import asdict, dataclass


@dataclass(frozen=True)
class Told:
    """Where to read, write and say, and when to stop."""

    bootstrap: str
    mongo_url: str
    database: str
    group: str
    heard: str
    said: str
    limit: int
    batch: int = 500

    def env(self) -> dict[str, str]:
        """For a child."""
        return {f"BENCH_{name.upper()}": str(value) for name, value in asdict(self).items()}

    @classmethod
    def read(cls) -> Told:
        """In the child."""
        texts = {name: os.environ[f"BENCH_{name.upper()}"] for name in cls.__dataclass_fields__}
        limit, batch = int(texts.pop("limit")), int(texts.pop("batch"))
        return cls(**texts, limit=limit, batch=batch)
