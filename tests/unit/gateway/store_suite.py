"""What every store of raw messages must do, run against the twin here and against MongoDB in the integration tests."""

from __future__ import annotations

from datetime import timedelta

from services.gateway.domain.message import refusal
from services.gateway.handlers.ports import Kept, RawMessages
from services.gateway.store import LEASE_SECONDS
from tests.unit.gateway.parts import AT, BODY, Hands, a_body, a_feed, received


class RawMessagesSuite:
    """A subclass gives the fixtures `raw` (an empty store) and `clock` (its clock, in the test's hands)."""

    async def test_add__new_then_repeated(self, raw: RawMessages) -> None:
        assert await raw.add([received()]) == [Kept.NEW]
        assert await raw.add([received(at=AT + timedelta(1))]) == [Kept.REPEATED]
        assert await raw.unsaid(10) == 1

    async def test_add__nothing_is_nothing(self, raw: RawMessages) -> None:
        assert await raw.add([]) == []

    async def test_add__twice_in_one_write_is_stored_once(self, raw: RawMessages) -> None:
        assert await raw.add([received(), received(a_body("MSG2")), received()]) == [Kept.NEW, Kept.NEW, Kept.REPEATED]
        assert await raw.unsaid(10) == 2

    async def test_add__a_used_control_id_is_a_new_message_and_told(self, raw: RawMessages) -> None:
        await raw.add([received()])
        assert await raw.add([received(a_body("MSG1", "x"))]) == [Kept.REUSED]
        assert await raw.unsaid(10) == 2

    async def test_add__of_two_in_one_write_the_second_reuses(self, raw: RawMessages) -> None:
        assert await raw.add([received(), received(a_body("MSG1", "x"))]) == [Kept.NEW, Kept.REUSED]

    async def test_add__the_same_control_id_of_another_feed_is_its_own(self, raw: RawMessages) -> None:
        await raw.add([received()])
        assert await raw.add([received(feed="south")]) == [Kept.NEW]

    async def test_add__no_control_id_is_never_reused(self, raw: RawMessages) -> None:
        await raw.add([received(a_body("", "x"))])
        assert await raw.add([received(a_body("", "y"))]) == [Kept.NEW]

    async def test_claim__a_fresh_message_is_its_doors(self, raw: RawMessages, clock: Hands) -> None:
        await raw.add([received()])
        clock.move(LEASE_SECONDS - 0.1)
        assert await raw.claim(10) == []

    async def test_claim__after_the_lease_gives_it_back_as_it_was(self, raw: RawMessages, clock: Hands) -> None:
        stored = received(mode="shadow")
        await raw.add([stored])
        clock.move(LEASE_SECONDS)
        assert await raw.claim(10) == [stored]

    async def test_claim__a_claimed_one_is_leased_again(self, raw: RawMessages, clock: Hands) -> None:
        await raw.add([received()])
        clock.move(LEASE_SECONDS)
        assert len(await raw.claim(10)) == 1
        assert await raw.claim(10) == []
        clock.move(LEASE_SECONDS)
        assert len(await raw.claim(10)) == 1

    async def test_claim__oldest_first_so_many_at_a_time(self, raw: RawMessages, clock: Hands) -> None:
        ages = [3, 1, 2]
        await raw.add([received(a_body(f"M{age}"), AT - timedelta(hours=age)) for age in ages])
        clock.move(LEASE_SECONDS)
        assert [message.control_id for message in await raw.claim(2)] == ["M3", "M2"]
        assert [message.control_id for message in await raw.claim(2)] == ["M1"]

    async def test_said__is_claimed_no_more_and_counted_no_more(self, raw: RawMessages, clock: Hands) -> None:
        one, other = received(), received(a_body("MSG2"))
        await raw.add([one, other])
        await raw.said([one.id])
        clock.move(LEASE_SECONDS)
        assert await raw.unsaid(10) == 1
        assert await raw.claim(10) == [other]

    async def test_said__sent_again_is_still_said(self, raw: RawMessages, clock: Hands) -> None:
        await raw.add([received()])
        await raw.said([received().id])
        assert await raw.add([received()]) == [Kept.REPEATED]
        clock.move(LEASE_SECONDS)
        assert await raw.claim(10) == []

    async def test_said__one_that_is_not_there_changes_nothing(self, raw: RawMessages) -> None:
        await raw.said(["nobody"])
        assert await raw.unsaid(10) == 0

    async def test_set_aside__is_claimed_no_more(self, raw: RawMessages, clock: Hands) -> None:
        await raw.add([received()])
        await raw.set_aside(received().id, "output-too-large")
        clock.move(LEASE_SECONDS)
        assert await raw.claim(10) == []
        assert await raw.unsaid(10) == 0

    async def test_unsaid__is_counted_up_to_a_limit(self, raw: RawMessages) -> None:
        await raw.add([received(a_body(f"M{n}")) for n in range(5)])
        assert (await raw.unsaid(10), await raw.unsaid(3)) == (5, 3)

    async def test_keep_refused__again_is_no_error(self, raw: RawMessages) -> None:
        copies = [refusal(BODY, "no-msh", a_feed(), AT), refusal(b"x", "no-msh", a_feed(), AT)]
        await raw.keep_refused(copies)
        await raw.keep_refused(copies)
