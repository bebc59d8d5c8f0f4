"""Who looks alike, on a real mongod: found in the index, and of the documents only those are read that share a key."""

from __future__ import annotations

from datetime import date, timedelta
from pathlib import Path

import pytest

from care.look_alikes import MOST_ALIKE, Alike, look_alikes
from care.session import Session
from demo.stack import Mongo
from services.admissions.handlers import COLLECTION
from services.admissions.store import INDEXES, SharedLook, shared_looks
from shared.mongo.client import connect, database
from shared.mongo.indexes import ensure_indexes
from tests.unit.admissions.house import House
from tests.unit.admissions.test_looks import BORN_PHONE, BORN_SEX_NAME, NAME_POSTAL_CODE, a_message

pytestmark = pytest.mark.integration

OTHERS = 300
FIRST_BORN = date(1950, 1, 1)
FEEDS = """[[feed]]
feed = "north"
tenant = "tenant-1"
zone = "UTC"
facility = "NORTH"
default_authority = "NORTH"
"""


def a_population() -> House:
    """P and Q look alike; eleven have a placeholder's birth date and telephone in common; all others have nothing."""
    house = House().hear_all(a_message("P"), a_message("Q"))
    for n in range(OTHERS):
        own = f"{FIRST_BORN + timedelta(days=n):%Y%m%d}", f"518555{n:04}"
        born, phone = ("19700101", "5185550100") if n <= MOST_ALIKE else own
        said = {"mrn": f"9{n:05}^^^NORTH^MR", "name": f"{chr(65 + n % 26)}{chr(65 + n // 26)}son^Pat"}
        house.hear(a_message("R", born=born, phone=phone, address="", visit="", control=f"other-{n}", **said))
    house.hear(a_message("R", mrn="5^^^NORTH^MR", name="", born="", address="", visit="", control="nothing"))
    return house


async def test_look_alikes__are_found_in_the_index_and_only_theirs_are_read(
    mongo: Mongo, unique: str, tmp_path: Path
) -> None:
    client = connect(mongo.uri)
    kept = database(client, f"{unique}_admissions")
    await ensure_indexes(kept, INDEXES)
    house = a_population()
    rows = [{"_id": state["patient_id"], "version": 1, "state": state} for state in house.patients]
    await kept[COLLECTION].insert_many(rows)
    p, q = sorted(row["_id"] for row in rows[:2])

    await kept.command("profile", 2)
    shared = await shared_looks(kept, MOST_ALIKE)
    (tmp_path / "feeds.toml").write_text(FEEDS)
    here = Session(
        {
            "CARE_MONGO_URL": mongo.uri,
            "CARE_DATABASE_PREFIX": unique,
            "CARE_FEEDS_FILE": str(tmp_path / "feeds.toml"),
        }
    )
    found = await look_alikes(here)
    await kept.command("profile", 0)

    assert {one.look: sorted(one.documents) for one in shared if one.times == 2} == {
        BORN_SEX_NAME: [p, q],
        BORN_PHONE: [p, q],
        NAME_POSTAL_CODE: [p, q],
    }
    (common,) = (one for one in shared if one.times > 2)
    assert (common.times, len(common.documents)) == (MOST_ALIKE + 1, MOST_ALIKE)
    assert isinstance(common, SharedLook)
    assert found.pairs == (Alike(p, q, ("birth-date-phone", "birth-date-sex-name", "name-postal-code")),)
    assert found.too_common == 1
    profiled = kept["system.profile"]
    searched = await profiled.find({"command.aggregate": COLLECTION}).to_list(None)
    assert [(one["docsExamined"], one["keysExamined"]) for one in searched] == [(0, OTHERS + 2)] * 2
    (read,) = await profiled.find({"command.find": COLLECTION}).to_list(None)
    assert read["docsExamined"] == 2
    client.close()
