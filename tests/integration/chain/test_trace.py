"""`care trace` leads to one stay by any of its numbers and ids, and reads nobody else's document for it."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator
from typing import Any

import pytest

from shared.mongo.client import connect, database
from tests.integration.chain.conftest import Chain
from tests.integration.chain.messages import adt
from tests.integration.chain.test_watching import care, discharged, said_of

pytestmark = pytest.mark.integration


@pytest.fixture
async def patients(chain: Chain) -> AsyncIterator[Any]:
    client = connect(chain.local.stack.mongo.uri)
    yield database(client, "chain_admissions")["patients"]
    client.close()


async def test_trace__by_visit_mrn_encounter_transition_and_patient_is_one_tree(
    chain: Chain, environment: dict[str, str], patients: Any
) -> None:
    for n in range(5):
        assert await chain.send(adt("A01", f"OTHER{n}", visit=f"VOTHER{n}", mrn=f"77066{n}")) == "AA"
    encounter_id = (await discharged(chain, "TRACE1", "VTRACE1")).header("ce_subject")
    await chain.until(lambda: bool(said_of(chain, encounter_id)), "the transition")
    transition_id = said_of(chain, encounter_id)[0].header("ce_subject")

    await patients.database.command("profile", 2)
    tree = (await care("trace", "VTRACE1")).output
    await patients.database.command("profile", 0)
    assert re.search(rf"encounter {encounter_id}\s+finished, stands discharged", tree)
    assert f"transition {transition_id}" in tree
    assert "feed north, control id TRACE1; raw " in " ".join(tree.replace("│", " ").split())
    assert "Chainperson" not in tree
    query = {"ns": "chain_admissions.patients", "op": "query"}
    reads = await patients.database["system.profile"].find(query).to_list(99)
    plans = {read["planSummary"].split()[0] for read in reads}
    assert plans <= {"IXSCAN", "IDHACK"}
    assert plans

    (patient_id,) = re.findall(r"patient (\S+)\s+tenant", tree)
    for what in ("vtrace1", "770211", encounter_id, transition_id, patient_id):
        found = (await care("trace", what)).output
        assert (patient_id in found, f"encounter {encounter_id}" in found) == (True, True), what
    assert (await care("trace", "no such number")).exit_code == 1


async def test_trace__names_the_update_that_has_the_last_word(chain: Chain, environment: dict[str, str]) -> None:
    assert await chain.send(adt("A01", "LAST1", visit="VLAST1", mrn="770401")) == "AA"
    assert await chain.send(adt("A08", "LAST2", visit="VLAST1", mrn="770401", family="Chainperson-New")) == "AA"

    async def tree() -> str:
        return " ".join((await care("trace", "VLAST1")).output.replace("│", " ").split())

    shown, wanted = "", re.compile(r"A08 has the last word on a field, recorded \S+ feed north, control id LAST2; raw ")
    for _ in range(100):
        shown = await tree()
        if wanted.search(shown):
            break
        await asyncio.sleep(0.2)
    assert wanted.search(shown), shown
    assert "Chainperson" not in shown


async def test_trace__of_a_stay_told_of_the_wrong_patient_shows_the_move_and_what_the_stay_is_now(
    chain: Chain, environment: dict[str, str]
) -> None:
    assert await chain.send(adt("A01", "WRONG1", visit="VWRONG1", mrn="770301")) == "AA"
    (wrong,) = await told_of(chain, "encounter.admitted.v1", 1)
    moved = adt("A45", "WRONG2", visit="VWRONG1", mrn="770302", family="Rightperson", birth="19520607")
    moved = moved.replace(b"\rPV1|", b"\rMRG|770301^^^NORTH^MR||||VWRONG1^^^NORTH^VN\rPV1|")
    assert await chain.send(moved) == "AA"
    _, right = await told_of(chain, "encounter.admitted.v1", 2)
    tree = " ".join((await care("trace", "770301")).output.replace("│", " ").split())
    assert re.search(r"repair move visit A45: \S+ → \S+ by north", tree)
    assert f"encounter {wrong} cancelled, taken back, the stay is encounter {right}" in tree
    assert f"encounter {right} in-progress, stands admitted" in tree
    assert tree.count("control id WRONG1") == 1


async def told_of(chain: Chain, type_: str, count: int) -> list[str]:
    """The encounters of the visit of which that was said, once it was said so often."""

    def found() -> list[str]:
        said = [r for r in chain.records if r.header("ce_type").endswith(type_) and b"VWRONG1" in (r.value or b"")]
        return [r.header("ce_subject") for r in said]

    await chain.until(lambda: len(found()) >= count, type_)
    return found()
