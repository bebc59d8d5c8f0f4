"""What processes cost and how far behind they are: /proc, and the services' own metrics pages."""

from __future__ import annotations

import contextlib
import os
import re
import time
import urllib.error
import urllib.request
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from demo.stack.ports import LOOPBACK

_TICKS: Final = os.sysconf("SC_CLK_TCK")
_LAG: Final = re.compile(r'^care_consumer_lag_records\{topic="([^"]+)"\} (\S+)$', re.MULTILINE)
_UNSAID: Final = re.compile(r"^care_gateway_unsaid (\S+)$", re.MULTILINE)


def cpu_seconds(pid: int) -> float:
    """User and system time of all its threads since it was started; 0.0 if it is gone."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return 0.0
    return (int(fields[11]) + int(fields[12])) / _TICKS


def memory_mb(pid: int) -> tuple[float, float]:
    """(RSS, PSS) in MB of 10^6 bytes, as the limits of a container count; (0, 0) if it is gone."""
    try:
        text = Path(f"/proc/{pid}/smaps_rollup").read_text()
    except OSError:
        return 0.0, 0.0
    found = {name: int(kib) * 1024 / 1e6 for name, kib in re.findall(r"^(Rss|Pss):\s+(\d+) kB$", text, re.MULTILINE)}
    return found.get("Rss", 0.0), found.get("Pss", 0.0)


def behind(admin_ports: Mapping[str, int]) -> dict[str, float]:
    """Service -> records not committed yet (gateway: messages not said yet). One that does not answer is left out."""
    found = {}
    for service, port in admin_ports.items():
        with contextlib.suppress(urllib.error.URLError, OSError):
            with urllib.request.urlopen(f"http://{LOOPBACK}:{port}/metrics", timeout=2) as answer:
                page = answer.read().decode()
            unsaid = sum(float(value) for value in _UNSAID.findall(page)) if service == "gateway" else 0.0
            found[service] = unsaid + sum(float(value) for _, value in _LAG.findall(page))
    return found


@dataclass
class Watch:
    """CPU between `begin` and `end`, memory as it was highest at the looks between."""

    cpu: dict[str, float] = field(default_factory=dict)
    rss: dict[str, float] = field(default_factory=dict)
    pss: dict[str, float] = field(default_factory=dict)
    behind: list[dict[str, float]] = field(default_factory=list)
    _begun: dict[str, tuple[int, float]] = field(default_factory=dict)

    def begin(self, pids: Mapping[str, int]) -> None:
        """CPU counts from here; of a process that is started anew meanwhile, from its start."""
        self._begun = {name: (pid, cpu_seconds(pid)) for name, pid in pids.items()}

    def look(self, pids: Mapping[str, int], behind: Mapping[str, float]) -> None:
        """One sample; call it every few seconds. The last one also ends the count of CPU."""
        self.behind.append({"at": time.monotonic(), **behind})
        for name, pid in pids.items():
            rss, pss = memory_mb(pid)
            self.rss[name] = max(rss, self.rss.get(name, 0.0))
            self.pss[name] = max(pss, self.pss.get(name, 0.0))
            was, before = self._begun.get(name, (pid, 0.0))
            self.cpu[name] = cpu_seconds(pid) - (before if was == pid else 0.0)

    def growth(self) -> float:
        """Records a second by which all that waits grew: a straight line through its sums, least squares."""
        points = [(one["at"], sum(n for name, n in one.items() if name != "at")) for one in self.behind]
        if len(points) < 3:
            return 0.0
        mid_x, mid_y = (sum(axis) / len(points) for axis in zip(*points, strict=True))
        spread = sum((x - mid_x) ** 2 for x, _ in points)
        return float(sum((x - mid_x) * (y - mid_y) for x, y in points) / spread)
