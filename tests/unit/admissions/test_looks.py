"""By what two patients look alike: which keys they have in common, worked out from what a registrar would see.

P is MRN 100200, Q 100201, of one hospital; nothing joins them.
"""

from __future__ import annotations

from itertools import permutations
from typing import Any

import pytest

from services.admissions.domain.looks import looked
from services.admissions.domain.model import Patient
from tests.unit.admissions.house import House
from tests.unit.admissions.messages import adt
from tests.unit.admissions.test_obey import NOON, _undo, _verdict
from tests.unit.admissions.test_stays import MERGED, cx

ANN = {
    "name": "Van Dyke^Ann Marie^^^^^L",
    "born": "19410506",
    "sex": "F",
    "phone": "(518)555-0142^PRN^PH",
    "address": "1 Elm St^^Albany^NY^12207",
}
# printf 'look\x1ftenant-1\x1fs\x1f1941-05-06\x1fF\x1fvand' | openssl dgst -sha256 -hmac 'a secret of the tests'
BORN_SEX_NAME = "sf25ba5b82244b0ea4f246a06e70ed962"
BORN_PHONE = "p3f8e9453a86abd5d969e0414bc5713ed"  # p\x1f1941-05-06\x1f5185550142
NAME_POSTAL_CODE = "ab57b070206c93cf5e597b281d10a5b05"  # a\x1fvandyke\x1fann\x1f12207
ALL = {BORN_SEX_NAME, BORN_PHONE, NAME_POSTAL_CODE}


def a_message(who: str = "P", trigger: str = "A01", at: str = "01 0905", **said: Any) -> bytes:
    fields = {"mrn": cx(who), "visit": f"V{who}^^^NORTH^VN", "control": f"{trigger}{who}{at}", **ANN, **said}
    return adt(trigger, at, **fields)


def looks(**said: Any) -> set[str]:
    """The keys of one patient of whom this was said."""
    patient = House().hear_all(a_message(**said)).patient
    (record,) = patient["records"]
    assert patient["looks"] == " ".join(sorted(record["looks"]))
    return set(record["looks"])


def test_keys__are_hashes_of_what_was_said() -> None:
    assert looks() == ALL


@pytest.mark.parametrize(
    "said",
    [
        {"name": "VANDYKE^ANN"},
        {"name": "Van-Dýke^Ann-^B"},
        {"phone": "518 555 0142^PRN^PH", "address": "2 Elm^^Troy^NY^12207-1234"},
        {"phone": "+1 518 555 0142^PRN^PH~5185559999^ORN^CP", "sex": "f"},
    ],
)
def test_keys__of_the_same_told_otherwise(said: dict[str, str]) -> None:
    assert looks(**said) == ALL


@pytest.mark.parametrize(
    ("said", "common"),
    [
        ({"name": "Vandamme^Ann"}, {BORN_SEX_NAME, BORN_PHONE}),  # four letters of the family name are the same
        ({"name": "Brook^Ann"}, {BORN_PHONE}),
        ({"name": "Van Dyke^Beth"}, {BORN_SEX_NAME, BORN_PHONE}),
        ({"born": "19410507"}, {NAME_POSTAL_CODE}),
        ({"sex": "M"}, {BORN_PHONE, NAME_POSTAL_CODE}),
        ({"phone": "5185550143^PRN^PH"}, {BORN_SEX_NAME, NAME_POSTAL_CODE}),
        ({"address": "1 Elm St^^Albany^NY^12208"}, {BORN_SEX_NAME, BORN_PHONE}),
    ],
)
def test_keys__of_something_else_are_others(said: dict[str, str], common: set[str]) -> None:
    found = looks(**said)
    assert (found & ALL, len(found)) == (common, 3)


@pytest.mark.parametrize(
    ("said", "left"),
    [
        ({"name": ""}, {BORN_PHONE}),
        ({"name": "Unknown^Ann"}, {BORN_PHONE}),
        ({"name": "^Ann"}, {BORN_PHONE}),
        ({"name": "Van Dyke"}, {BORN_SEX_NAME, BORN_PHONE}),
        ({"born": ""}, {NAME_POSTAL_CODE}),
        ({"born": "1941"}, {NAME_POSTAL_CODE}),
        ({"born": "19000101"}, {NAME_POSTAL_CODE}),
        ({"sex": "U"}, {BORN_PHONE, NAME_POSTAL_CODE}),
        ({"phone": ""}, {BORN_SEX_NAME, NAME_POSTAL_CODE}),
        ({"phone": "999-999-9999^PRN^PH"}, {BORN_SEX_NAME, NAME_POSTAL_CODE}),
        ({"phone": "0142^PRN^PH"}, {BORN_SEX_NAME, NAME_POSTAL_CODE}),
        ({"address": ""}, {BORN_SEX_NAME, BORN_PHONE}),
        ({"address": "1 Elm St^^Albany^NY^00000"}, {BORN_SEX_NAME, BORN_PHONE}),
        ({"unknown": "Y"}, set()),
        ({"processing": "T"}, set()),
        ({"mrn": ""}, set()),
    ],
)
def test_keys__of_what_is_not_known_or_stands_for_nobody_are_not_made(said: dict[str, str], left: set[str]) -> None:
    assert looks(**said) == left


def test_keys__of_other_tenants_are_others() -> None:
    of_another = a_message()
    house = House()
    house.profiles["north"] = house.profiles["north"].model_copy(update={"tenant": "tenant-2"})
    (record,) = house.hear_all(of_another).patient["records"]
    assert len(record["looks"]) == 3
    assert not ALL & {*record["looks"]}


def test_keys__are_of_the_last_word_in_every_order() -> None:
    messages = (
        a_message(phone="5185550143^PRN^PH"),
        a_message(trigger="A08", at="02 0905", born="19410507"),
        a_message(trigger="A08", at="03 0905", name='""'),
        a_message(trigger="A08", at="04 0905", name=""),
    )
    for order in permutations(messages):
        assert House().hear_all(*order).patient["looks"] == BORN_PHONE


def test_keys__are_not_made_again_where_nothing_of_them_changed() -> None:
    house = House().hear_all(a_message())
    before = Patient.model_validate(house.patient)
    after = Patient.model_validate(house.hear_all(a_message(trigger="A08", at="02 0905", language="es")).patient)
    assert after != before
    made: list[tuple[str, ...]] = []
    assert looked(after, before, lambda *parts: made.append(parts) or "") is after
    assert made == []
    looked(after, None, lambda *parts: made.append(parts) or "")
    assert [parts[0] for parts in made] == ["s", "p", "a"]


def test_keys__of_a_document_of_before_come_with_its_next_message() -> None:
    house = House().hear_all(a_message())
    (state,) = house.desk.states.values()
    state["records"][0].pop("looks")
    state.pop("looks")
    assert house.hear(a_message()) is not None
    assert "looks" not in house.patient  # the same message is no news
    house.hear(a_message(trigger="A08", at="02 0905"))
    assert set(house.patient["records"][0]["looks"]) == ALL


def test_text__has_each_key_of_one_person_once_and_of_two_twice() -> None:
    house = House().hear_all(a_message("P"), a_message("Q"))
    assert [patient["looks"] for patient in house.patients] == [" ".join(sorted(ALL))] * 2
    house.hear(MERGED)
    assert house.patient["looks"] == " ".join(sorted(ALL))
    house.obey(_undo(house, "merge"), NOON)
    assert house.patient["looks"] == " ".join(sorted([*ALL, *ALL]))


@pytest.mark.parametrize(("verdict", "times"), [("same", 1), ("different", 2)])
def test_text__after_a_verdict(verdict: str, times: int) -> None:
    house = House().hear_all(a_message("P"), a_message("Q"))
    house.obey(_verdict(house, verdict), NOON)
    assert house.patient["looks"] == " ".join(sorted([*ALL] * times))
