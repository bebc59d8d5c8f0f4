"""The real stores on a real mongod, under the suite that the twins pass; and what only MongoDB can refuse."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import timedelta
from typing import Any

import pytest
from pymongo import WriteConcern
from pymongo.errors import AutoReconnect, DocumentTooLarge
from pymongo.read_concern import ReadConcern

from demo.stack import Mongo
from shared.mongo.attempts import MongoAttempts
from shared.mongo.client import Database, connect, database, server_facts
from shared.mongo.documents import MongoDocuments, Unstorable
from shared.stream.decisions import Refs
from shared.stream.documents import Attempts
from shared.stream.outages import Away
from tests.contracts_suite.attempts import AttemptsContract, an_owner
from tests.contracts_suite.stores import DUE, OF, DocumentsContract, a_document

pytestmark = pytest.mark.integration


@pytest.fixture
async def own_database(mongo: Mongo, unique: str) -> AsyncIterator[Database]:
    client = connect(mongo.uri)
    yield database(client, unique)
    client.close()


@pytest.fixture
async def documents(own_database: Database) -> MongoDocuments:
    store = MongoDocuments(own_database)
    await store.ensure_indexes([OF, "others"])
    return store


class TestMongoDocuments(DocumentsContract):
    pass


class TestMongoAttempts(AttemptsContract):
    @pytest.fixture
    def process(self, own_database: Database) -> Callable[[], Attempts]:
        return lambda: MongoAttempts(own_database, "care.counter", an_owner())


class Overtaken:
    """A database whose collection is written to by somebody else between finding and leasing."""

    def __init__(self, own_database: Database, meanwhile: Callable[[], Awaitable[object]]) -> None:
        self._collection, self._meanwhile = own_database[OF], meanwhile

    def __getitem__(self, _name: str) -> Any:
        return self

    def find(self, *args: Any, **options: Any) -> Any:
        return self._collection.find(*args, **options)

    async def bulk_write(self, *args: Any, **options: Any) -> Any:
        await self._meanwhile()
        return await self._collection.bulk_write(*args, **options)


async def test_due__does_not_lease_what_changed_since_it_was_found(
    documents: MongoDocuments, own_database: Database
) -> None:
    """Its next alarm may be another one: it would ring only after the lease (seen by the oracle in the demo)."""
    await documents.save([a_document(next_alarm_at=DUE)])
    (known,) = await documents.load([Refs(OF, ("a",))])
    overtaken: Any = Overtaken(own_database, lambda: documents.save([known]))
    assert len(await MongoDocuments(overtaken).due(OF, [3], DUE, limit=9, lease=3_600)) == 1
    assert len(await documents.due(OF, [3], DUE, limit=9, lease=3_600)) == 1, "free: the lease was for the old one"
    assert await documents.due(OF, [3], DUE, limit=9, lease=3_600) == []


async def test_ensure_indexes__again_changes_nothing(documents: MongoDocuments) -> None:
    await documents.ensure_indexes([OF, "others"])


async def test_due__examines_what_is_due_and_not_what_is_pending(
    documents: MongoDocuments, own_database: Database
) -> None:
    """A hint is not enough: the planner bounds a partial index only by a query that implies its filter."""
    later = DUE + timedelta(days=1)
    pending = [a_document(f"pending-{n}", next_alarm_at=later) for n in range(300)]
    await documents.save([*pending, *(a_document(f"due-{n}", next_alarm_at=DUE) for n in range(3))])
    await own_database.command("profile", 2)
    assert len(await documents.due(OF, [3], DUE, limit=9, lease=3_600)) == 3
    await own_database.command("profile", 0)
    (look,) = [
        row async for row in own_database["system.profile"].find({"op": "query", "ns": f"{own_database.name}.{OF}"})
    ]
    assert look["nreturned"] == 3
    assert look["keysExamined"] <= 5


@pytest.mark.parametrize("mebibytes", [16, 17, 60])
async def test_save__more_than_a_document_can_hold_is_an_error_and_no_outage(
    documents: MongoDocuments, mebibytes: int
) -> None:
    """16 MiB is MongoDB's limit. Taken for an outage it would stop its partition for ever, without a word why."""
    await documents.save([a_document("known")])
    for version in (0, 1):
        big = a_document("known" if version else "new", version=version, state={"fill": "x" * (mebibytes * 2**20)})
        with pytest.raises((Unstorable, DocumentTooLarge)):
            await documents.save([a_document(f"other{version}"), big])


async def test_save__refused_by_the_server_does_not_hide_what_was_lost(
    documents: MongoDocuments, own_database: Database
) -> None:
    await own_database.command("collMod", OF, validator={"state.n": {"$type": "int"}})
    with pytest.raises(Away, match="write-refused"):
        await documents.save([a_document("a"), a_document("b", state={"n": "text"})])
    assert [d.id for d in await documents.load([Refs(OF, ("a", "b"))])] == ["a"]


class Unsure:
    """A database whose commits lose their answers, `reached` the server or not."""

    def __init__(self, own_database: Database, lost_answers: int, *, reached: bool) -> None:
        self._database, self._lost, self._reached = own_database, lost_answers, reached
        self.client = self

    def __getitem__(self, name: str) -> Any:
        return self._database[name]

    async def start_session(self) -> Any:
        session = await self._database.client.start_session()
        commit = session.commit_transaction

        async def unsure() -> None:
            if self._reached:
                await commit()
            if self._lost:
                self._lost -= 1
                raise AutoReconnect("connection closed", {"errorLabels": ["UnknownTransactionCommitResult"]})
            if not self._reached:
                await commit()

        session.commit_transaction = unsure
        return session


A_UNION = [a_document("a", version=1, state={"alias_of": "b"}), a_document("b", claims=("c1",))]


@pytest.mark.parametrize("reached", [True, False])
async def test_save_together__a_lost_answer_to_the_commit_is_asked_for_once_more(
    documents: MongoDocuments, own_database: Database, reached: bool
) -> None:
    await documents.save([a_document("a", claims=("c1",))])
    unsure: Any = Unsure(own_database, 1, reached=reached)
    assert await MongoDocuments(unsure).save_together(A_UNION) == set()
    (holder,) = await documents.load([Refs(OF, (), ("c1",))])
    assert (holder.id, holder.version) == ("b", 1)


@pytest.mark.parametrize(("reached", "holder"), [(True, "b"), (False, "a")])
async def test_save_together__an_answer_that_never_comes_is_away_and_leaves_all_or_nothing(
    documents: MongoDocuments, own_database: Database, reached: bool, holder: str
) -> None:
    await documents.save([a_document("a", claims=("c1",))])
    unsure: Any = Unsure(own_database, 2, reached=reached)
    with pytest.raises(Away):
        await MongoDocuments(unsure).save_together(A_UNION)
    (found,) = await documents.load([Refs(OF, (), ("c1",))])
    assert found.id == holder
    again = await documents.save_together(A_UNION)
    assert again == ({(OF, "a"), (OF, "b")} if reached else set()), "decided again, on what is there now"


async def test_save_together__a_document_that_is_written_meanwhile_loses_and_is_told(
    documents: MongoDocuments, own_database: Database
) -> None:
    """A write conflict: the rival's write comes after our first and before our commit."""
    await documents.save([a_document("a", claims=("c1",))])

    class Late(Unsure):
        async def start_session(self) -> Any:
            session = await super().start_session()
            # the snapshot is taken by the first statement; the rival writes right after it
            await own_database[OF].find_one({"_id": "b"}, session=_begun(session))
            await documents.save([a_document("a", version=1, state={"n": "rival"}, claims=("c1",))])
            return session

    late: Any = Late(own_database, 0, reached=True)
    assert await MongoDocuments(late).save_together(A_UNION) == {(OF, "a"), (OF, "b")}
    (found,) = await documents.load([Refs(OF, ("a", "b"))])
    assert (found.id, found.state, found.claims) == ("a", {"n": "rival"}, ("c1",))


def _begun(session: Any) -> Any:
    """The session with its transaction begun, so that a second begin changes nothing."""
    session.start_transaction(ReadConcern("snapshot"), WriteConcern(w="majority"))
    session.start_transaction = lambda *_: None
    return session


@pytest.mark.parametrize("mebibytes", [16, 17])
async def test_save_together__more_than_a_document_can_hold_is_an_error_and_no_outage(
    documents: MongoDocuments, mebibytes: int
) -> None:
    big = a_document("big", state={"fill": "x" * (mebibytes * 2**20)})
    with pytest.raises((Unstorable, DocumentTooLarge)):
        await documents.save_together([a_document("small"), big])
    assert await documents.load([Refs(OF, ("small", "big"))]) == []


async def test_connect__to_nobody_is_away_within_seconds() -> None:
    client = connect("mongodb://127.0.0.1:1/?replicaSet=rs0", timeout=1.0)
    try:
        with pytest.raises(Away):
            await MongoDocuments(database(client, "nowhere")).load([Refs(OF, ("a",))])
    finally:
        client.close()


async def test_server_facts__a_replica_sets_primary(mongo: Mongo) -> None:
    client = connect(mongo.uri)
    facts = await server_facts(client)
    client.close()
    assert (facts["replica_set"], facts["primary"]) == ("rs0", True)
    assert facts["version"][:1].isdigit()
