"""What every memory of hearers that died must do, twin or MongoDB."""

from __future__ import annotations

import secrets
from collections.abc import Callable

from shared.stream.documents import Attempts
from shared.stream.records import Cause

P, Q = ("topic", 0), ("topic", 1)


class AttemptsContract:
    """Subclasses give the fixture `process`: a function that makes the memory as a new process has it."""

    async def test_open__the_first_time_and_after_a_clean_end_suspects_nobody(
        self, process: Callable[[], Attempts]
    ) -> None:
        for _ in range(4):
            one = process()
            assert await one.open({P: 5, Q: 0}) == set()
            await one.close([P, Q])

    async def test_open__ended_uncleanly_twice_at_one_offset_is_suspected(
        self, process: Callable[[], Attempts]
    ) -> None:
        assert await process().open({P: 5, Q: 0}) == set()
        assert await process().open({P: 5, Q: 1}) == set()
        assert await process().open({P: 5, Q: 2}) == {P}
        assert await process().open({P: 5, Q: 2}) == {P, Q}

    async def test_open__progress_in_between_clears_the_suspicion(self, process: Callable[[], Attempts]) -> None:
        for offset in (5, 5, 6, 7, 8):
            assert await process().open({P: offset}) == set()

    async def test_open__again_by_the_same_process_is_no_unclean_end(self, process: Callable[[], Attempts]) -> None:
        one = process()
        for _ in range(5):
            assert await one.open({P: 5}) == set()

    async def test_close__of_one_that_has_lost_the_partition_leaves_the_others_mark(
        self, process: Callable[[], Attempts]
    ) -> None:
        first, second = process(), process()
        await first.open({P: 5})
        await second.open({P: 5})
        await first.close([P])
        assert await process().open({P: 5}) == {P}

    async def test_attempt__counts_processes_and_not_tries(self, process: Callable[[], Attempts]) -> None:
        cause = Cause("topic", 0, 5)
        one, two = process(), process()
        assert [await one.attempt(cause), await one.attempt(cause)] == [1, 1]
        assert [await two.attempt(cause), await one.attempt(cause)] == [2, 2]
        assert await one.attempt(Cause("topic", 0, 6)) == 1

    async def test_clear__forgets_the_attempts(self, process: Callable[[], Attempts]) -> None:
        cause = Cause("topic", 0, 5)
        for _ in range(3):
            await process().attempt(cause)
        await process().clear(cause)
        assert await process().attempt(cause) == 1


def an_owner() -> str:
    return secrets.token_hex(4)
