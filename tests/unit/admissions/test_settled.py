"""A review that somebody looked at is open no more, until more speaks for it or somebody takes that back."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from services.admissions.domain.model import Patient
from services.admissions.domain.reviews import evidence
from shared.schemas.commands import SettleReview
from shared.stream.decisions import Refused
from tests.unit.admissions.house import House
from tests.unit.admissions.messages import adt
from tests.unit.admissions.test_obey import LATER, NOON, _codes, _undo, _word
from tests.unit.admissions.test_stays import MERGED, admit, cx, mrg, repair

HALF_A_YEAR_LATER = datetime(2027, 5, 4, 17, 0, tzinfo=UTC)
ADMIT = adt("A01", "01 0905", born="19000101", sex="M")
CORRECTED = adt("A08", "01 1000", born="19410506", sex="F")
ONCE_MORE = adt("A08", "01 1100", born="19410507", sex="F")


def settle(house: House, code: str, seen: int = 2, about: str | None = None, id_: str = "") -> SettleReview:
    document = house.patient["patient_id"]
    about = document if about is None else about
    return SettleReview(document=document, code=code, about=about, seen=seen, **_word(id_ or code))


def disputed() -> House:
    """Somebody who was registered as another, and corrected: birth date and sex."""
    house = House().hear_all(ADMIT, CORRECTED)
    assert _codes(house) == ["birth-dates-disagree", "sexes-disagree"]
    assert house.last.patient.identity_disputed
    return house


def test_settled__a_correction_of_both_is_no_dispute_any_more_and_that_is_said() -> None:
    house = disputed()
    house.obey(settle(house, "birth-dates-disagree"), NOON)
    assert _codes(house) == ["sexes-disagree"]
    assert not house.last.patient.identity_disputed
    assert house.types[-1] == "updated"
    house.obey(settle(house, "sexes-disagree"), NOON)
    assert _codes(house) == []


def test_settled__a_third_birth_date_opens_it_again() -> None:
    house = disputed()
    house.obey(settle(house, "birth-dates-disagree"), NOON)
    house.hear(ONCE_MORE)
    assert _codes(house) == ["birth-dates-disagree", "sexes-disagree"]
    house.obey(settle(house, "birth-dates-disagree", seen=3, id_="c3"), LATER)
    assert _codes(house) == ["sexes-disagree"]


def test_settled__is_the_same_whether_the_third_came_before_the_word_or_after_it() -> None:
    house = disputed()
    house.hear(ONCE_MORE)
    house.obey(settle(house, "birth-dates-disagree"), NOON)
    assert _codes(house) == ["birth-dates-disagree", "sexes-disagree"]


def test_settled__and_undone_is_open() -> None:
    house = disputed()
    house.obey(settle(house, "birth-dates-disagree"), NOON)
    house.obey(_undo(house, "settled"), LATER)
    assert _codes(house) == ["birth-dates-disagree", "sexes-disagree"]
    assert house.last.patient.identity_disputed


def test_settled__a_privacy_incident_that_was_assessed() -> None:
    move = repair("Q", "A45", "02 1200", mrg(cx("P"), "", "V1"), "V1")
    house = House().hear_all(admit("P"), move)
    (incident,) = house.patient["reviews"]
    assert incident["code"] == "told-of-another"
    house.obey(settle(house, "told-of-another", seen=1, about=incident["ref"]), NOON)
    assert _codes(house) == []


def test_settled__a_merge_of_two_who_disagree() -> None:
    house = House().hear_all(admit("P", born="19410506"), admit("Q", visit="V2", born="19500101"), MERGED)
    (found,) = house.patient["reviews"]
    house.obey(settle(house, "merged-yet-disagree", seen=1, about=found["ref"]), NOON)
    assert _codes(house) == []


@pytest.mark.parametrize(
    ("code", "seen", "about"),
    [
        ("birth-dates-disagree", 3, None),  # nobody can have seen three
        ("told-of-another", 1, "somebody-else"),
        ("birth-dates-disagree", 1, "somebody-else"),
    ],
)
def test_settled__what_is_not_there_is_refused(code: str, seen: int, about: str | None) -> None:
    house = disputed()
    with pytest.raises(Refused, match="review-unknown"):
        house.obey(settle(house, code, seen, about), NOON)


def test_settled__a_date_told_less_exactly_opens_nothing() -> None:
    house = disputed()
    house.obey(settle(house, "birth-dates-disagree"), NOON)
    house.hear(adt("A08", "01 1100", born="1941", sex="F"))
    assert _codes(house) == ["sexes-disagree"]


def test_settled__what_is_not_open_cannot_be_settled_in_advance() -> None:
    house = House().hear_all(ADMIT)
    with pytest.raises(Refused, match="review-unknown"):
        house.obey(settle(house, "told-of-another", seen=1, about=house.encounter["encounter_id"]), NOON)


def test_settled__of_two_of_an_enterprise_number_is_no_dispute() -> None:
    """Both were looked at: they stay two, and their teams are told of them."""
    state = "9^^^STATE^PE"
    house = House().hear_all(
        adt("A01", "01 0905", mrn=f"100200^^^NORTH^MR~{state}", born="19410506", sex="F"),
        adt("A01", "01 1005", mrn=f"100201^^^NORTH^MR~{state}", visit="V2^^^NORTH^VN", born="19500101", sex="M"),
    )
    for place, review in enumerate(house.patient["reviews"]):
        assert review["code"] == "enterprise-disagrees"
        house.obey(settle(house, review["code"], 1, review["ref"], f"c{place}"), NOON)
    told = {say.subject: data for say, data in house.told}
    assert len(told) == 2
    assert not any(one.patient.identity_disputed for one in told.values())


def test_settled__undone_is_open_however_long_ago_the_stay_ended() -> None:
    house = House().hear_all(
        ADMIT,
        adt("A03", "03 1505", end="03 1500", disposition="20", born="19000101", sex="M"),
        adt("A08", "04 0905", dead="N", born="19000101", sex="M"),
    )
    assert _codes(house) == ["death-taken-back"]
    stay = house.encounter["encounter_id"]
    house.obey(settle(house, "death-taken-back", 1, stay), HALF_A_YEAR_LATER)
    assert _codes(house) == []
    house.obey(_undo(house, "settled"), HALF_A_YEAR_LATER.replace(hour=18))
    assert _codes(house) == ["death-taken-back"]


def test_evidence__of_what_agrees_is_none() -> None:
    house = House().hear_all(ADMIT)
    patient = Patient.model_validate(house.patient)
    assert evidence(patient, "birth-dates-disagree", patient.patient_id) == 0
    assert evidence(patient, "too-many-numbers", "") == 1
