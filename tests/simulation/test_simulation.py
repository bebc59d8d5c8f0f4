"""Seeds in the test run: no invariant may break, every fault must have struck, and a seed must be itself again."""

from __future__ import annotations

import os
import subprocess
import sys
from collections import Counter

import pytest

from tests.simulation.faults import RATES
from tests.simulation.play import simulate

SEEDS, CHUNK = 2_000, 250


@pytest.mark.timeout(900)  # 15 to 20 s of one core; a machine that is shared by many takes its time
@pytest.mark.parametrize("first", range(0, SEEDS, CHUNK))
def test_nothing_is_lost_doubled_or_told_wrongly__two_hundred_and_fifty_seeds_of_faults(first: int) -> None:
    counts: Counter[str] = Counter()
    for seed in range(first, first + CHUNK):
        report = simulate(seed)
        counts.update(report.counts)
        assert not report.violations, f"seed {seed}: {report.violations}; trace: --from {seed} --seeds 1"
    assert not [fault for fault in RATES if not counts[fault]], "a fault that never struck proves nothing"
    assert counts["crashes"] > 0
    assert counts["repeats-said"] > 0
    assert counts["repeats-told"] > 0


def test_the_same_seed_is_the_same_world__twice_in_one_process() -> None:
    assert [simulate(seed).digest for seed in range(5)] == [simulate(seed).digest for seed in range(5)]


def test_the_same_seed_is_the_same_world__whatever_the_hash_seed_of_the_process() -> None:
    program = "from tests.simulation.play import simulate; print([simulate(seed).digest for seed in range(5)])"
    digests = {
        subprocess.run(
            [sys.executable, "-c", program],
            env={**os.environ, "PYTHONHASHSEED": hash_seed},
            check=True,
            capture_output=True,
            text=True,
            timeout=60,
        ).stdout
        for hash_seed in ("1", "2")
    }
    assert len(digests) == 1
