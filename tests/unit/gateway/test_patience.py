"""The one timer of a connection, on a real event loop with short times."""

from __future__ import annotations

import asyncio

from services.gateway.doors.mllp.patience import Patience


class _Heard:
    """What was called, and when; `first` waits for it."""

    def __init__(self) -> None:
        self.loop = asyncio.get_running_loop()
        self.codes: list[tuple[str, float]] = []
        self.rung = asyncio.Event()

    def over(self, code: str) -> None:
        self.codes.append((code, self.loop.time()))
        self.rung.set()

    async def first(self) -> tuple[str, float]:
        await asyncio.wait_for(self.rung.wait(), 5.0)
        return self.codes[0]


async def test_patience__ends_at_the_deadline_with_its_code() -> None:
    heard = _Heard()
    due = heard.loop.time() + 0.02
    Patience(heard.over).until(due, "slow")
    code, at = await heard.first()
    assert code == "slow"
    assert at >= due


async def test_patience__a_later_deadline_is_waited_for() -> None:
    heard = _Heard()
    patience, now = Patience(heard.over), heard.loop.time()
    patience.until(now + 0.01, "slow")
    patience.until(now + 0.06, "idle")
    code, at = await heard.first()
    assert code == "idle"
    assert at >= now + 0.06


async def test_patience__an_earlier_deadline_takes_the_place_of_a_later_one() -> None:
    heard = _Heard()
    patience, now = Patience(heard.over), heard.loop.time()
    patience.until(now + 600.0, "idle")
    patience.until(now + 0.01, "slow")
    code, at = await heard.first()
    assert (code, at < now + 5.0) == ("slow", True)


async def test_patience__neither_while_it_waits_nor_when_it_has_ended() -> None:
    heard, other = _Heard(), _Heard()
    waiting, ended, now = Patience(heard.over), Patience(heard.over), heard.loop.time()
    waiting.until(now + 0.01, "slow")
    waiting.wait()
    ended.until(now + 0.01, "slow")
    ended.end()
    Patience(other.over).until(now + 0.03, "later")
    await other.first()
    assert heard.codes == []
    waiting.until(heard.loop.time() + 0.01, "again")
    assert (await heard.first())[0] == "again"
