"""What every DeliveryCollection must do: run on the in-memory twin and on a real mongod."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import Any

from services.notifier.domain.delivery import Delivery, withdraw
from services.notifier.handlers import DeliveryCollection, withdraw_all
from services.notifier.store import Deliveries
from shared.schemas.envelope import Event, Label, Mode, Sequence
from shared.schemas.notifications import DeliveryState, NotificationDecided
from tests.builders import T0, an_envelope
from tests.unit.notifier.givens import Clock, a_correction, a_delivery, an_entry

LATER = T0 + timedelta(seconds=1)


def a_decision(delivery_id: str, *, corrects: tuple[str, ...] = (), status: str = "pending") -> Event:
    state = DeliveryState(
        delivery_id=delivery_id,
        encounter_id="encounter-1",
        cause="event-1",
        tells="encounter.discharged.v1",
        recipient="primary",
        role="PCP",
        channel="email",
        status=status,
        corrects=corrects,
    )
    data = NotificationDecided(delivery=state, occurred_at=T0)
    envelope = an_envelope(data, subject=delivery_id, mode=Mode.SHADOW, label=Label.RESTRICTED, sequence=Sequence(3, 1))
    return Event(envelope, data)


def private(**changes: object) -> dict[str, object]:
    kept = {"notice": "encounter.discharged", "withdraws": True}
    return {**kept, "address": "primary@example.org", "context": {"patient": "Testperson"}, **changes}


async def stored(deliveries: DeliveryCollection, id_: str = "delivery-1") -> Delivery:
    (one,) = await deliveries.load([id_])
    return one


def ids(found: list[Delivery]) -> list[str]:
    return [one.delivery_id for one in found]


class DeliveriesSuite:
    """Needs a fixture `deliveries`: an empty collection."""

    async def test_insert__what_is_there_stays_as_it_is(self, deliveries: DeliveryCollection) -> None:
        await deliveries.insert_missing([a_delivery()])
        await deliveries.insert_missing([a_delivery(role="ATND"), a_delivery("delivery-2")])
        assert await stored(deliveries) == a_delivery()
        assert await stored(deliveries, "delivery-2") == a_delivery("delivery-2")

    async def test_insert__of_nothing(self, deliveries: DeliveryCollection) -> None:
        await deliveries.insert_missing([])
        assert await deliveries.load([]) == []

    async def test_insert__by_two_at_once(self, deliveries: DeliveryCollection) -> None:
        many = [a_delivery(f"delivery-{n}") for n in range(50)]
        await asyncio.gather(*(deliveries.insert_missing(many) for _ in range(4)))
        assert len(await deliveries.load([one.delivery_id for one in many])) == 50

    async def test_load__passes_over_what_is_not_there(self, deliveries: DeliveryCollection) -> None:
        await deliveries.insert_missing([a_delivery()])
        assert ids(await deliveries.load(["nowhere", "delivery-1"])) == ["delivery-1"]

    async def test_save__one_of_two_writers_has_to_look_again(self, deliveries: DeliveryCollection) -> None:
        await deliveries.insert_missing([a_delivery()])
        one = await stored(deliveries)
        saved = await deliveries.save(one.but(role="first"))
        assert await deliveries.save(one.but(role="second")) is None
        assert await stored(deliveries) == saved == one.but(role="first", revision=1)

    async def test_save__what_is_not_there(self, deliveries: DeliveryCollection) -> None:
        assert await deliveries.save(a_delivery()) is None

    async def test_save_all__tells_which_of_them_were_saved(self, deliveries: DeliveryCollection) -> None:
        await deliveries.insert_missing([a_delivery("a"), a_delivery("b"), a_delivery("c")])
        a, b, c = await deliveries.load(["a", "b", "c"])
        await deliveries.save(b.but(role="another"))
        saved = await deliveries.save_all([a.but(role="ours"), b.but(role="ours"), a_delivery("nowhere")])
        assert saved == [a.but(role="ours", revision=1)]
        assert await stored(deliveries, "a") == saved[0]
        assert (await stored(deliveries, "b")).role == "another"
        assert await deliveries.load(["nowhere"]) == []
        assert ids(await deliveries.save_all([saved[0], c])) == ["a", "c"]
        assert await deliveries.save_all([]) == []

    async def test_save_all__by_two_at_once_each_is_one_s(self, deliveries: DeliveryCollection) -> None:
        names = [f"delivery-{n}" for n in range(40)]
        await deliveries.insert_missing([a_delivery(name) for name in names])
        found = await deliveries.load(names)
        claims = [[one.but(status="sending", owner=owner) for one in found] for owner in ("one", "two")]
        one, two = await asyncio.gather(*(deliveries.save_all(claimed) for claimed in claims))
        assert sorted([*ids(one), *ids(two)]) == sorted(names)
        held = {each.delivery_id: each.owner for each in [*one, *two]}
        assert {each.delivery_id: each.owner for each in await deliveries.load(names)} == held

    async def test_due__the_longest_due_first_and_only_what_may_be_claimed(
        self, deliveries: DeliveryCollection
    ) -> None:
        await deliveries.insert_missing(
            [
                a_delivery("later", next_at=T0 + timedelta(milliseconds=500)),
                a_delivery("first"),
                a_delivery("retry", status="unknown", next_at=T0 + timedelta(milliseconds=250)),
                a_delivery("not-yet", next_at=LATER + timedelta(microseconds=1)),
                a_delivery("under-way", status="sending"),
                a_delivery("sent", status="sent"),
                a_delivery("withdrawn", withdrawn_by="correction-1"),
                a_delivery("another-channel", channel="fhir"),
                a_delivery("busy", address="busy@example.org"),
            ]
        )
        assert ids(await deliveries.due("email", LATER, 9, ["busy@example.org"])) == ["first", "retry", "later"]
        assert ids(await deliveries.due("email", LATER, 2, ["busy@example.org"])) == ["first", "retry"]

    async def test_leases__only_those_that_ran_out(self, deliveries: DeliveryCollection) -> None:
        await deliveries.insert_missing(
            [
                a_delivery("out", status="sending", lease_until=T0),
                a_delivery("held", status="sending", lease_until=LATER),
                a_delivery("pending", lease_until=T0),
            ]
        )
        assert ids(await deliveries.leases_run_out(T0, 9)) == ["out"]
        assert len(await deliveries.leases_run_out(LATER, 1)) == 1

    async def test_unsaid__that_nobody_is_saying(self, deliveries: DeliveryCollection) -> None:
        await deliveries.insert_missing(
            [
                a_delivery("unsaid", said=False),
                a_delivery("said"),
                a_delivery("being-said", said=False, say_until=LATER),
            ]
        )
        assert ids(await deliveries.unsaid(T0, 9)) == ["unsaid"]
        assert len(await deliveries.unsaid(LATER, 1)) == 1

    async def test_withdraw_all__races_with_another_writer(self, deliveries: DeliveryCollection) -> None:
        many = [a_delivery(f"delivery-{n}") for n in range(20)]
        await deliveries.insert_missing(many)

        async def touch(one: Delivery) -> None:
            for current in await deliveries.load([one.delivery_id]):
                await deliveries.save(current.but(last_code="touched"))

        names = ids(many)
        await asyncio.gather(withdraw_all(deliveries, names, "correction-1", T0), *(touch(one) for one in many))
        found = await deliveries.load(names)
        assert {(one.status, one.withdrawn_by) for one in found} == {("withdrawn", "correction-1")}

    async def test_project__writes_what_the_sender_needs(self, deliveries: DeliveryCollection) -> None:
        await Deliveries(deliveries, Clock(LATER)).project([(a_decision("delivery-1"), private())])
        one = await stored(deliveries)
        assert (one.status, one.address, one.notice) == ("pending", "primary@example.org", "encounter.discharged")
        assert one.context == {"patient": "Testperson"}
        assert (one.decided_at, one.next_at, one.said, one.said_n) == (T0, LATER, True, 1)
        assert (one.tenant, one.feed, one.key) == ("tenant-1", "north", "patient-key-1")
        assert (one.mode, one.label, one.epoch) == ("shadow", "restricted", 3)

    async def test_project__repeated_changes_nothing(self, deliveries: DeliveryCollection) -> None:
        projection = Deliveries(deliveries, Clock())
        await projection.project([(a_decision("delivery-1"), private())])
        sent = await deliveries.save((await stored(deliveries)).but(status="sent"))
        await projection.project([(a_decision("delivery-1"), private())])
        assert await stored(deliveries) == sent

    async def test_project__passes_over_other_events_and_wakes_the_sender(self, deliveries: DeliveryCollection) -> None:
        woken: list[Any] = []
        entry = an_entry("primary")
        projection = Deliveries(deliveries, Clock(), woken.append)
        await projection.project([(Event(an_envelope(entry), entry), None), (a_decision("delivery-1"), private())])
        (new,) = woken
        assert list(new) == [await stored(deliveries)]

    async def test_project__suppressed_keeps_neither_text_nor_address(self, deliveries: DeliveryCollection) -> None:
        suppressed = {"notice": "encounter.discharged", "withdraws": True}
        decision = a_decision("delivery-1", status="suppressed")
        await Deliveries(deliveries, Clock()).project([(decision, suppressed)])
        one = await stored(deliveries)
        assert (one.status, one.address, one.context) == ("suppressed", "", {})

    async def test_project__a_correction_withdraws_what_was_not_sent_yet(self, deliveries: DeliveryCollection) -> None:
        """In one batch with it, and again when the batch is repeated."""
        batch = [
            (a_decision("correction-1", corrects=("delivery-1",)), private()),
            (a_decision("delivery-1"), private()),
        ]
        for _ in range(2):
            await Deliveries(deliveries, Clock()).project(batch)
            one = await stored(deliveries)
            assert (one.status, one.withdrawn_by, one.said) == ("withdrawn", "correction-1", False)
            assert [outcome.n for outcome in one.outcomes] == [2]
            assert (await stored(deliveries, "correction-1")).corrects == ("delivery-1",)

    async def test_project__of_a_death_taken_back_leaves_the_rest_to_be_sent(
        self, deliveries: DeliveryCollection
    ) -> None:
        correction = a_decision("correction-1", corrects=("delivery-1",))
        await deliveries.insert_missing([a_delivery()])
        await Deliveries(deliveries, Clock()).project([(correction, private(withdraws=False))])
        assert (await stored(deliveries)).status == "pending"

    async def test_withdrawn_while_under_way__is_marked(self, deliveries: DeliveryCollection) -> None:
        await deliveries.insert_missing([a_delivery(status="sending"), a_correction("delivery-1")])
        await withdraw_all(deliveries, ["delivery-1"], "correction-1", T0)
        one = await stored(deliveries)
        assert (one.status, one.withdrawn_by) == ("sending", "correction-1")
        assert withdraw(one, "correction-2", T0) == one
