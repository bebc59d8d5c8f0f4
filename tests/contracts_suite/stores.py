"""What every store of versioned documents must do, twin or MongoDB."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from shared.stream.decisions import Refs
from shared.stream.documents import Document, Documents, Stream, Unsaid
from shared.stream.records import Cause, Saying

DUE = datetime(2026, 11, 3, 15, 0, tzinfo=UTC)
OF = "things"


def a_document(id_: str = "a", **changes: Any) -> Document:
    return replace(Document(OF, id_, key="key-1", lane=3, state={"n": 1}), **changes)


def a_full_document() -> Document:
    saying = Saying(
        "care.tasks.v1", b"key-1", b'{"n":1}', (("ce_id", b"id-1"), ("ce_id", b"twice"), ("raw", b"\x00\xff"))
    )
    return a_document(
        "full",
        state={"name": "Testperson", "list": [1, {"deep.er": None, "$odd": True}], "float": 1.5, "big": 2**62},
        streams={"care.encounters.v1|a.b": Stream(2, 9, [4, 7]), "t|x": Stream(1, 1, [])},
        counters={"care.tasks.v1|a": 12},
        outbox=[Unsaid(Cause("care.encounters.v1", 3, 77), saying, {"to": ["x"]}), Unsaid(Cause("t", 0, 0), saying)],
        claims=("MR|1", "MR|2"),
        next_alarm_at=DUE,
        context={"tenant": "tenant-1"},
    )


class DocumentsContract:
    """Subclasses give the fixture `documents`: an empty store with its indexes; its leases run on `clock` if it can."""

    async def read(self, documents: Documents, *ids: str, claims: tuple[str, ...] = ()) -> dict[str, Document]:
        return {d.id: d for d in await documents.load([Refs(OF, ids, claims)])}

    async def keep(self, documents: Documents, *given: Document) -> None:
        assert await documents.save(given) == set()

    async def test_load__gives_back_all_of_a_document(self, documents: Documents) -> None:
        await self.keep(documents, a_full_document())
        assert await self.read(documents, "full") == {"full": replace(a_full_document(), version=1)}

    async def test_load__what_is_not_there_is_left_out(self, documents: Documents) -> None:
        await self.keep(documents, a_document("a"))
        assert list(await self.read(documents, "a", "b")) == ["a"]
        assert await documents.load([]) == []

    async def test_load__by_claim_by_id_and_by_both_gives_each_document_once(self, documents: Documents) -> None:
        await self.keep(
            documents, a_document("a", claims=("c1", "c2")), a_document("b", claims=("c3",)), a_document("c")
        )
        found = await documents.load([Refs(OF, ("a", "c"), ("c1", "c2", "c3", "c9"))])
        assert sorted(d.id for d in found) == ["a", "b", "c"]
        assert list(await self.read(documents, claims=("c3",))) == ["b"]

    async def test_load__several_collections(self, documents: Documents) -> None:
        await self.keep(documents, a_document("a"), replace(a_document("a", state={"other": 1}), collection="others"))
        found = await documents.load([Refs(OF, ("a",)), Refs("others", ("a",))])
        assert {(d.collection, tuple(d.state)) for d in found} == {(OF, ("n",)), ("others", ("other",))}

    async def test_save__a_loaded_document_is_one_version_up(self, documents: Documents) -> None:
        await self.keep(documents, a_document())
        loaded = (await self.read(documents, "a"))["a"]
        await self.keep(documents, replace(loaded, state={"n": 2}))
        assert await self.read(documents, "a") == {"a": a_document(version=2, state={"n": 2})}

    async def test_save__an_id_that_is_there_is_lost(self, documents: Documents) -> None:
        await self.keep(documents, a_document(state={"n": "first"}))
        assert await documents.save([a_document(state={"n": "second"})]) == {(OF, "a")}
        assert (await self.read(documents, "a"))["a"].state == {"n": "first"}

    async def test_save__a_version_that_is_gone_is_lost(self, documents: Documents) -> None:
        await self.keep(documents, a_document())
        mine, rivals = (await self.read(documents, "a"))["a"], (await self.read(documents, "a"))["a"]
        await self.keep(documents, replace(rivals, state={"n": "rival"}))
        assert await documents.save([replace(mine, state={"n": "mine"})]) == {(OF, "a")}
        assert await self.read(documents, "a") == {"a": a_document(version=2, state={"n": "rival"})}

    async def test_save__a_claim_of_another_is_lost(self, documents: Documents) -> None:
        await self.keep(documents, a_document("a", claims=("c1",)))
        assert await documents.save([a_document("b", claims=("c2", "c1"))]) == {(OF, "b")}
        await self.keep(documents, a_document("c"))
        loaded = (await self.read(documents, "c"))["c"]
        assert await documents.save([replace(loaded, claims=("c1",))]) == {(OF, "c")}
        assert await self.read(documents, "b", "c") == {"c": a_document("c", version=1)}
        assert list(await self.read(documents, claims=("c2",))) == []

    async def test_save__claims_count_within_a_collection_and_none_is_no_claim(self, documents: Documents) -> None:
        await self.keep(documents, a_document("a"), a_document("b"), a_document("c", claims=("c1",)))
        await self.keep(documents, replace(a_document("d", claims=("c1",)), collection="others"))

    async def test_save__a_claim_given_up_is_free(self, documents: Documents) -> None:
        await self.keep(documents, a_document("a", claims=("c1",)))
        await self.keep(documents, a_document("a", version=1, claims=()))
        await self.keep(documents, a_document("b", claims=("c1",)))
        assert list(await self.read(documents, claims=("c1",))) == ["b"]

    async def test_save__tells_exactly_the_lost_ones_of_a_mixed_batch(self, documents: Documents) -> None:
        """New, known, stale, doubled and claimed in one unordered write, as a batch has them."""
        await self.keep(documents, *(a_document(f"old{n}", claims=(f"c{n}",)) for n in range(6)))
        stale = a_document("old0", version=1, state={"n": "x"}, claims=("c0",))
        await self.keep(documents, stale)
        batch = [
            a_document("new0"),
            stale,
            a_document("old1", version=1, state={"n": 2}, claims=("c1",)),
            a_document("old2"),
            a_document("new1", claims=("c3",)),
            a_document("old4", version=1, claims=("c4", "c5")),
            a_document("new2", claims=("c9",)),
            a_document("old5", version=1, claims=("c5",)),
        ]
        assert await documents.save(batch) == {(OF, "old0"), (OF, "old2"), (OF, "new1"), (OF, "old4")}
        found = await self.read(documents, "new0", "new1", "new2", "old1", "old2", "old4", "old5")
        assert {id_: d.version for id_, d in found.items()} == {
            "new0": 1,
            "new2": 1,
            "old1": 2,
            "old2": 1,
            "old4": 1,
            "old5": 2,
        }

    async def test_save__many_at_once(self, documents: Documents) -> None:
        await self.keep(documents, *(a_document(f"d{n}") for n in range(1_000)))
        assert len(await self.read(documents, *(f"d{n}" for n in range(1_000)))) == 1_000

    async def test_save__what_is_given_is_not_changed(self, documents: Documents) -> None:
        given = a_full_document()
        await self.keep(documents, given)
        assert given == a_full_document()

    async def test_save__what_cannot_be_stored_is_an_error_and_no_outage(self, documents: Documents) -> None:
        """An outage is waited out for ever; this would never pass."""
        with pytest.raises(Exception, match=r"(?i)set|encode") as failed:
            await documents.save([a_document(state={"tags": {"a"}})])
        assert type(failed.value).__name__ != "Away"

    async def test_save_together__writes_all_each_one_version_up(self, documents: Documents) -> None:
        await self.keep(documents, a_document("a"))
        other = replace(a_document("c"), collection="others")
        assert (
            await documents.save_together([a_document("a", version=1, state={"n": 2}), a_document("b"), other]) == set()
        )
        assert await self.read(documents, "a", "b") == {
            "a": a_document("a", version=2, state={"n": 2}),
            "b": a_document("b", version=1),
        }
        assert len(await documents.load([Refs("others", ("c",))])) == 1

    async def test_save_together__a_claim_is_given_up_and_taken_in_one_go(self, documents: Documents) -> None:
        await self.keep(documents, a_document("a", claims=("c1",)), a_document("b", claims=("c2", "c3")))
        stone, taker = a_document("b", version=1, claims=()), a_document("a", version=1, claims=("c1", "c2", "c3"))
        assert await documents.save_together([stone, taker]) == set()
        assert list(await self.read(documents, claims=("c1",))) == ["a"]
        assert list(await self.read(documents, claims=("c2", "c3"))) == ["a"]

    @pytest.mark.parametrize(
        "spoilt",
        [
            a_document("a", version=2, state={"n": "mine"}, claims=("c1",)),
            a_document("a", state={"n": "mine"}),
            a_document("new", claims=("c9",)),
            a_document("gone", version=3),
        ],
        ids=["stale-version", "id-taken", "claim-of-another", "never-stored"],
    )
    @pytest.mark.parametrize("first", [True, False], ids=["first", "last"])
    async def test_save_together__one_that_is_lost_takes_all_with_it(
        self, documents: Documents, spoilt: Document, first: bool
    ) -> None:
        await self.keep(
            documents, a_document("a", claims=("c1",)), a_document("b", claims=("c2",)), a_document("r", claims=("c9",))
        )
        stone = a_document("b", version=1, state={"alias_of": "a"}, claims=())
        given = [spoilt, stone, a_document("d")] if first else [stone, a_document("d"), spoilt]
        assert await documents.save_together(given) == {(OF, one.id) for one in given}
        assert await self.read(documents, "a", "b", "d", "r", "new", "gone") == {
            "a": a_document("a", version=1, claims=("c1",)),
            "b": a_document("b", version=1, claims=("c2",)),
            "r": a_document("r", version=1, claims=("c9",)),
        }
        await self.keep(documents, a_document("b", version=1, claims=("c2",)))

    async def test_save_together__a_writer_that_ends_in_the_midst_leaves_nothing(self, documents: Documents) -> None:
        """What cannot be stored ends it after the first write, as a crash would."""
        await self.keep(documents, a_document("a", claims=("c1",)))
        stone = a_document("a", version=1, state={"alias_of": "b"}, claims=())
        with pytest.raises(Exception, match=r"(?i)set|encode"):
            await documents.save_together([stone, a_document("b", state={"tags": {"a"}}, claims=("c1",))])
        assert await self.read(documents, "a", "b") == {"a": a_document("a", version=1, claims=("c1",))}
        assert await documents.save_together([stone, a_document("b", claims=("c1",))]) == set()

    async def test_save_together__of_rivals_at_once_exactly_one_wins(self, documents: Documents) -> None:
        await self.keep(documents, a_document("a", claims=("c1",)), a_document("b", claims=("c2",)))

        async def unite(keep: str, lose: str) -> set[tuple[str, str]]:
            stone = a_document(lose, version=1, state={"alias_of": keep}, claims=())
            winner = a_document(keep, version=1, state={"has": lose}, claims=("c1", "c2"))
            return await documents.save_together([stone, winner])

        lost = await asyncio.gather(*(unite(*pair) for pair in (("a", "b"), ("b", "a")) * 3))
        assert sorted(len(one) for one in lost) == [0, 2, 2, 2, 2, 2]
        found = await self.read(documents, "a", "b")
        ((winner, loser),) = [(one, other) for one, other in (("a", "b"), ("b", "a")) if "has" in found[one].state]
        assert found[loser].state == {"alias_of": winner}
        assert (found[winner].claims, found[loser].claims) == (("c1", "c2"), ())
        assert {one.version for one in found.values()} == {2}

    async def test_save_together__of_nothing_is_nothing(self, documents: Documents) -> None:
        assert await documents.save_together([]) == set()

    async def test_due__gives_what_is_due_in_these_lanes_earliest_first(self, documents: Documents) -> None:
        await self.keep(
            documents,
            a_document("late", next_alarm_at=DUE - timedelta(hours=1)),
            a_document("now", next_alarm_at=DUE),
            a_document("soon", next_alarm_at=DUE + timedelta(seconds=1)),
            a_document("never"),
            a_document("elsewhere", next_alarm_at=DUE, lane=4),
        )
        assert [row.id for row in await documents.due(OF, [3], DUE, limit=10, lease=0)] == ["late", "now"]
        assert [row.id for row in await documents.due(OF, [3], DUE, limit=1, lease=0)] == ["late"]
        assert {row.id for row in await documents.due(OF, [3, 4], DUE, limit=10, lease=0)} == {
            "late",
            "now",
            "elsewhere",
        }
        assert await documents.due(OF, [], DUE, limit=10, lease=0) == []

    async def test_due__carries_what_a_timer_needs(self, documents: Documents) -> None:
        await self.keep(documents, a_full_document())
        [row] = await documents.due(OF, [3], DUE, limit=1, lease=0)
        assert (row.id, row.key, row.state, row.context) == (
            "full",
            "key-1",
            a_full_document().state,
            {"tenant": "tenant-1"},
        )

    async def test_due__is_leased_and_a_write_ends_the_lease(self, documents: Documents) -> None:
        await self.keep(documents, a_document(next_alarm_at=DUE))
        assert len(await documents.due(OF, [3], DUE, limit=9, lease=3_600)) == 1
        assert await documents.due(OF, [3], DUE, limit=9, lease=3_600) == []
        await self.keep(documents, a_document(version=1, next_alarm_at=DUE - timedelta(hours=1)))
        assert len(await documents.due(OF, [3], DUE, limit=9, lease=3_600)) == 1

    async def test_due__the_lease_stands_outside_the_version(self, documents: Documents) -> None:
        await self.keep(documents, a_document(next_alarm_at=DUE))
        before = (await self.read(documents, "a"))["a"]
        await documents.due(OF, [3], DUE, limit=9, lease=3_600)
        await self.keep(documents, before)
