"""What the figures were had on: the machine, the versions, the commit, and what else the machine did then."""

from __future__ import annotations

import os
import platform
import shutil
import subprocess
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from bench.place import PROJECT
from shared.telemetry import wall_clock

_PACKAGES = (
    "faust-streaming",
    "aiokafka",
    "motor",
    "pymongo",
    "pydantic",
    "orjson",
    "confluent-kafka",
    "hl7",
    "hl7apy",
)


def machine() -> dict[str, Any]:
    """What does not change between runs on one machine."""
    return {"cores": os.cpu_count(), "cpu": _cpu(), "memory_gib": _memory_gib(), "system": platform.platform()}


def versions(servers: dict[str, str]) -> dict[str, str]:
    """Name -> version, of Python, the libraries that are compared, and the servers."""
    found = {"python": platform.python_version(), **servers}
    for package in _PACKAGES:
        try:
            found[package] = version(package)
        except PackageNotFoundError:
            continue
    return found


def moment() -> dict[str, Any]:
    """When, at which commit, beside how much other load (1 minute, processes that want a core)."""
    return {
        "at": wall_clock().isoformat(timespec="seconds"),
        "commit": _git("rev-parse", "--short=10", "HEAD") + ("+" if _git("status", "--porcelain", "-uno") else ""),
        "load_before": round(os.getloadavg()[0], 2),
    }


def _git(*arguments: str) -> str:
    git = shutil.which("git")
    if git is None:
        return ""
    done = subprocess.run([git, *arguments], cwd=PROJECT, capture_output=True, text=True, check=False)
    return done.stdout.strip()


def _cpu() -> str:
    info = Path("/proc/cpuinfo")
    lines = info.read_text().splitlines() if info.exists() else []
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.processor()


def _memory_gib() -> float:
    return round(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30, 1)
