"""What a person decides about who is who outweighs every rule, can be taken back, and counts once."""

from __future__ import annotations

from datetime import UTC, datetime
from itertools import permutations
from typing import Any

import pytest

from services.admissions.domain.unite import MOST_RECORDS
from services.admissions.handlers import COLLECTION
from shared.schemas.commands import DecideIdentity, UndoRepair
from shared.schemas.identifiers import Identifier
from shared.schemas.patients import PatientSeparated
from shared.stream.decisions import Refused
from tests.unit.admissions.accounts import standing
from tests.unit.admissions.house import House, hearers_of
from tests.unit.admissions.messages import adt
from tests.unit.admissions.test_stays import MERGED, admit, end, mrg, repair

P, Q = "tenant-1|NORTH|MR|100200", "tenant-1|NORTH|MR|100201"
NOON = datetime(2026, 11, 4, 17, 0, tzinfo=UTC)
LATER = datetime(2026, 11, 5, 17, 0, tzinfo=UTC)
NOBODY_YET = datetime(2026, 10, 1, 17, 0, tzinfo=UTC)


def _word(id_: str) -> dict[str, Any]:
    return {"command_id": id_, "actor": Identifier(value="registrar-4"), "reason": "spoken-to-registration"}


def _verdict(house: House, verdict: Any, id_: str = "c1") -> DecideIdentity:
    documents = tuple(patient["patient_id"] for patient in house.patients)
    return DecideIdentity(documents=documents, records=(P, Q), verdict=verdict, **_word(id_))


def _undo(house: House, kind: str, id_: str = "c9") -> UndoRepair:
    (found,) = (one for one in house.patient["repairs"] if one["kind"] == kind)
    return UndoRepair(document=house.patient["patient_id"], repair_id=found["repair_id"], **_word(id_))


def _people(house: House) -> list[str]:
    """The patient of each stay that stands, as it was told last."""
    told = [hearer for hearer in hearers_of(house).values() if standing(hearer)]
    return sorted(hearer.last.patient.patient_id for hearer in told if hearer.last)


def _codes(house: House) -> list[str]:
    return [review["code"] for patient in house.patients for review in patient["reviews"]]


def test_same__two_that_nothing_else_joins() -> None:
    house = House().hear_all(admit("P"), admit("Q", visit="V2"))
    decision = house.obey(_verdict(house, "same"), NOON)
    assert len(decision.absorbs) == 1
    assert len(set(_people(house))) == 1
    assert house.types[2:] == ["updated", "updated", "patient-merged", "patient-merged"]
    assert house.obey(_verdict(house, "same"), NOON).metrics == {"known_again": 1}


def test_different__two_whom_a_merge_joined() -> None:
    house = House().hear_all(admit("P"), admit("Q", visit="V2"), MERGED)
    before = len(house.said)
    house.obey(_verdict(house, "different"), NOON)
    assert len(set(_people(house))) == 2
    separated = [say for say in house.said[before:] if isinstance(say.data, PatientSeparated)]
    assert len(separated) == len({say.key for say in separated}) == 2
    assert {say.data.reason for say in separated} == {"different"}


def test_different__ends_the_review_of_two_who_disagree() -> None:
    house = House().hear_all(
        admit("P", mrn="100200^^^NORTH^MR~9^^^STATE^PE", born="19410506"),
        admit("Q", visit="V2", mrn="100201^^^NORTH^MR~9^^^STATE^PE", born="19500101"),
    )
    assert _codes(house) == ["enterprise-disagrees"] * 2
    house.obey(_verdict(house, "different"), NOON)
    assert _codes(house) == []
    assert len(set(_people(house))) == 2
    house.obey(_verdict(house, "same", "c2"), LATER)
    assert (_codes(house), len(set(_people(house)))) == ([], 1)


@pytest.mark.parametrize(("at", "people"), [(LATER, 1), (NOBODY_YET, 2)])
def test_verdict__the_last_word_counts_whichever_comes_first(at: datetime, people: int) -> None:
    house = House().hear_all(admit("P"), admit("Q", visit="V2"))
    house.obey(_verdict(house, "different"), NOON)
    house.obey(_verdict(house, "same", "c2"), at)
    assert len(set(_people(house))) == people


def test_undo__of_a_merge_gives_each_his_own_stays_back() -> None:
    messages = (admit("P"), admit("Q", visit="V2"), MERGED)
    for order in permutations(messages):
        house = House().hear_all(*order)
        own = {
            data.encounter.visit_number.value: say.subject for say, data in house.told if data.encounter.visit_number
        }
        house.obey(_undo(house, "merge"), NOON)
        assert len(set(_people(house))) == 2
        house.hear(end("Q", visit="V2"))
        assert house.told[-1][1].encounter.status == "finished"
        assert {id_ for id_, hearer in hearers_of(house).items() if standing(hearer)} >= {own["V1"]}


def test_undo__a_merge_that_is_sent_again_later_stands_again() -> None:
    house = House().hear_all(admit("P"), admit("Q", visit="V2"), MERGED)
    house.obey(_undo(house, "merge"), NOON)
    house.hear(MERGED)
    assert len(set(_people(house))) == 2  # the same message is the same fact
    house.hear(repair("P", "A40", "06 1200", mrg("100201^^^NORTH^MR")))
    assert len(set(_people(house))) == 1


def test_undo__of_a_move_takes_it_back_from_the_second_and_says_it_of_the_first_again() -> None:
    move = repair("Q", "A45", "02 1200", mrg("100200^^^NORTH^MR", "", "V1"), "V1")
    house = House().hear_all(admit("P"), move)
    first = house.said[0].subject
    house.obey(_undo(house, "move"), NOON)
    assert house.types == ["admitted", "moved", "admitted", "moved", "admitted"]
    assert house.said[-1].subject == first
    assert [hearer.status for hearer in hearers_of(house).values()] == ["in-progress", "cancelled"]


def test_undo__of_a_verdict() -> None:
    house = House().hear_all(admit("P"), admit("Q", visit="V2"))
    house.obey(_verdict(house, "same"), NOON)
    house.obey(_undo(house, "same"), LATER)
    assert len(set(_people(house))) == 2


def test_obey__refuses_what_it_does_not_know() -> None:
    house = House().hear_all(admit("P"))
    document = house.patient["patient_id"]
    unknown = DecideIdentity(documents=(document,), records=(P, Q), verdict="same", **_word("c1"))
    with pytest.raises(Refused, match="record-unknown"):
        house.obey(unknown, NOON)
    with pytest.raises(Refused, match="repair-unknown"):
        house.obey(UndoRepair(document=document, repair_id="r", **_word("c2")), NOON)
    with pytest.raises(Refused, match="document-unknown"):
        house.obey(UndoRepair(document="nobody", repair_id="r", **_word("c3")), NOON)


def test_obey__a_document_that_was_united_is_named_by_its_new_name() -> None:
    house = House().hear_all(admit("P"), admit("Q", visit="V2"), MERGED)
    (alias,) = (id_ for (_, id_), state in house.desk.states.items() if state["alias_of"])
    undo = _undo(house, "merge").model_copy(update={"document": alias})
    with pytest.raises(Refused, match="document-united"):
        house.obey(undo, NOON)
    by_number = _verdict(house, "different").model_copy(update={"documents": (alias,)})
    assert house.obey(by_number, NOON).id == house.patient["patient_id"]


def test_obey__does_not_unite_what_would_be_too_much() -> None:
    house = House().hear_all(admit("P"), admit("Q", visit="V2"))
    for n in range(MOST_RECORDS - 1):
        house.hear(adt("A08", "01 1200", mrn=f"{n}^^^NORTH^MR~9^^^STATE^PE", visit=""))
    house.hear(adt("A08", "01 1300", mrn="100200^^^NORTH^MR~9^^^STATE^PE", visit=""))
    full = house.desk.claims[(COLLECTION, P)]
    assert len(house.desk.states[(COLLECTION, full)]["records"]) == MOST_RECORDS
    with pytest.raises(Refused, match="too-many-numbers"):
        house.obey(_verdict(house, "same"), NOON)
