"""What admissions remembers: one collection, `patients`, a versioned document each (`shared.mongo.documents`).

`_id` is the patient id; `state` is `domain.model.Patient` as JSON, its encounters and their lifecycle facts inside.
`claims` stand beside the state: an identifier belongs to one patient, which a unique index holds against every race.
The store of versioned documents makes that index and the one of alarms; these are the ones on top.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from datetime import datetime
from typing import Any, Final, NamedTuple

from services.admissions.domain.codes import Codes
from services.admissions.handlers import COLLECTION
from shared.mongo.client import away
from shared.profiles import Feeds
from shared.schemas.envelope import TYPE_PREFIX, Envelope, Event, Label, Mode, derived_id
from shared.schemas.timers import TimerDue
from shared.schemas.topics import ADMISSIONS_TIMERS
from shared.stream.batch import Publisher
from shared.stream.codec import encode
from shared.stream.outages import Away
from shared.stream.records import Saying
from shared.telemetry import log

UNMAPPED_INDEX: Final = "unmapped"
LOOKS_INDEX: Final = "looks"
_AT_ONCE: Final = 500

INDEXES: Final[list[tuple[str, list[tuple[str, int]], dict[str, Any]]]] = [
    (COLLECTION, [("state.reviews.code", 1)], {"name": "reviews", "sparse": True}),
    (COLLECTION, [("state.unmapped.code", 1)], {"name": UNMAPPED_INDEX, "sparse": True}),
    (COLLECTION, [("state.looks", 1), ("_id", 1)], {"name": LOOKS_INDEX, "sparse": True}),
]
"""`reviews`: the patients that a person should look at. `unmapped`: those in whose stays an unknown code stands.
`looks`: what each patient may look like another by; it answers `shared_looks` by itself."""


class UnmappedCode(NamedTuple):
    """An unknown code, `feed|PV1-36|CODE`; how many patients' stays it stands in; since when, of what stands."""

    code: str
    patients: int
    since: str


async def unmapped_codes(database: Any) -> list[UnmappedCode]:
    """The unknown codes of all patients, by the index of those alone. Raises Away."""
    pipeline = [
        {"$match": {"state.unmapped.code": {"$gt": ""}}},
        {"$unwind": "$state.unmapped"},
        {
            "$group": {
                "_id": "$state.unmapped.code",
                "patients": {"$sum": 1},
                "since": {"$min": "$state.unmapped.since"},
            }
        },
        {"$sort": {"_id": 1}},
    ]
    with away():
        rows = await database[COLLECTION].aggregate(pipeline, hint=UNMAPPED_INDEX).to_list(None)
    return [UnmappedCode(row["_id"], row["patients"], row["since"]) for row in rows]


class SharedLook(NamedTuple):
    """A key (`domain.looks`) that stands more than once: how often, and in which documents, of many the first ones."""

    look: str
    times: int
    documents: tuple[str, ...]


async def shared_looks(database: Any, most: int) -> list[SharedLook]:
    """The keys that stand more than once, of each `most` documents at most. The index is read and no document.

    Raises Away.
    """
    pipeline = [
        {"$match": {"state.looks": {"$gt": ""}}},
        {"$project": {"look": {"$split": ["$state.looks", " "]}}},
        {"$unwind": "$look"},
        {"$group": {"_id": "$look", "times": {"$sum": 1}, "documents": {"$firstN": {"input": "$_id", "n": most}}}},
        {"$match": {"times": {"$gt": 1}}},
        {"$sort": {"_id": 1}},
    ]
    with away():
        rows = await database[COLLECTION].aggregate(pipeline, hint=LOOKS_INDEX, allowDiskUse=True).to_list(None)
    return [SharedLook(row["_id"], row["times"], tuple(dict.fromkeys(row["documents"]))) for row in rows]


class Recoding:
    """Profiles that were read anew: the documents with a code that is known by now are to be decided again.

    One per process. Each asks for all of them as soon as it knows the new edition itself, and for what is left when it
    starts: a document is decided by one process, whose own word comes after its own reading. `clock` is the business
    clock; `database` is admissions'.
    """

    def __init__(self, feeds: Feeds, database: Any, publisher: Publisher, clock: Callable[[], datetime]) -> None:
        self._feeds = feeds
        self._codes = Codes(feeds)
        self._database = database
        self._publisher = publisher
        self._clock = clock
        self._done = ""

    async def look(self) -> None:
        """Read the profiles if they changed; ask once an edition. What is away is asked again at the next look."""
        await self._feeds.refresh()
        revision = self._feeds.revision
        if revision == self._done:
            return
        try:
            count = await self._ask(revision)
        except Away as gone:
            log.info("recoding_waits", what=gone.what, code=gone.code)
            return
        self._done = revision
        if count:
            log.info("recoding_asked", version=revision, count=count)

    async def _ask(self, revision: str) -> int:
        learnt = [one.code for one in await unmapped_codes(self._database) if self._codes.has_learnt(one.code)]
        now, count = self._clock(), 0
        async for rows in self._documents(learnt):
            await self._publisher.say([_saying(row, f"codes:{revision}", now) for row in rows])
            count += len(rows)
        return count

    async def _documents(self, codes: list[str]) -> AsyncIterator[list[dict[str, Any]]]:
        """Some at a time, by the index."""
        if not codes:
            return
        query = {"state.unmapped.code": {"$in": codes}}
        with away():
            cursor = self._database[COLLECTION].find(query, {"key": 1, "context": 1}, hint=UNMAPPED_INDEX)
            while rows := await cursor.to_list(_AT_ONCE):
                yield rows


def _saying(row: dict[str, Any], alarm: str, now: datetime) -> Saying:
    """Under the document's own key, so that whoever decides about it hears it."""
    context = row.get("context", {})
    envelope = Envelope(
        id=derived_id("timer", row["_id"], alarm, now.isoformat()),
        source="care-transitions/admissions",
        type=TYPE_PREFIX + TimerDue.TYPE,
        subject=row["_id"],
        time=now,
        key=row["key"],
        tenant=context.get("tenant", ""),
        feed=context.get("feed", ""),
        mode=Mode(context.get("mode", "live")),
        label=Label(context.get("label", "normal")),
    )
    return encode(Event(envelope, TimerDue(aggregate=row["_id"], alarm=alarm, due=now)), ADMISSIONS_TIMERS.name)
