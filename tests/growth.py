"""Ten thousand updates of one patient: what the last tenth costs beside the first, in bytes written and CPU.

`python -m tests.growth [HOW_MANY]`. Ends with 1 where the last cost more than half as much again. In memory: what
MongoDB takes to write a document of the same size does not depend on how many updates there were.
"""

from __future__ import annotations

import json
import sys
import time
from datetime import UTC, datetime, timedelta

from tests.unit.admissions.house import House
from tests.unit.admissions.messages import adt
from tests.unit.admissions.stories import ADMIT

MANY = 10_000
MOST = 1.5
FIRST = datetime(2026, 11, 2, 0, 0, tzinfo=UTC)


def costs(many: int) -> list[tuple[int, float]]:
    """Bytes of the document as written and CPU seconds of reading and deciding, of each update."""
    house = House().hear_all(ADMIT)
    found = []
    for n in range(many):
        at = FIRST + timedelta(minutes=2 * n)
        message = adt("A08", f"{at:%d %H%M}", control=f"u{n}", phone=f"518555{n:05d}^PRN^PH")
        began = time.process_time()
        decision = house.hear(message)
        found.append((len(json.dumps(decision.state if decision else {})), time.process_time() - began))
        house.said.clear()
    return found


def main(many: int) -> int:
    """Say what was measured; 1 where it grows."""
    found, tenth = costs(many), many // 10
    sums = [[sum(column) for column in zip(*part, strict=True)] for part in (found[:tenth], found[-tenth:])]
    ratios = [last / first for first, last in zip(*sums, strict=True)]
    for what, (first, last), ratio in zip(("bytes", "CPU ms"), zip(*sums, strict=True), ratios, strict=True):
        scale = 1_000 if what == "CPU ms" else 1
        sys.stdout.write(
            f"{what} an update: first {first * scale / tenth:.2f}, last {last * scale / tenth:.2f}, {ratio:.2f} x\n"
        )
    return int(max(ratios) > MOST)


if __name__ == "__main__":
    raise SystemExit(main(int(sys.argv[1]) if len(sys.argv) > 1 else MANY))
