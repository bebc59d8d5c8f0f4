"""A message about two patients tells nothing of the one to the people of the other (HL7 v2.5.1 ch. 3.3.17)."""

from __future__ import annotations

from tests.unit.admissions.house import House
from tests.unit.admissions.sagas.hospitals import HOSPITALS
from tests.unit.admissions.test_stays import admit, cx, of

OWN_DOCTOR = "ROL|1|UP|PP^Primary Care Provider^HL70443|9000000001^Testoak^Olive^^^^^^NPI"
SECOND = ("PV1||I|4W^1" + "|" * 16 + "V2^^^NORTH^VN", f"PID|||{cx('Q')}")


def test_swap__the_roles_of_the_first_patient_are_not_the_second_ones() -> None:
    swap = of("P", "A17", "02 1205", happened="02 1200", extra=[OWN_DOCTOR, SECOND[1], SECOND[0]])
    house = House().hear_all(swap, admit("P"), admit("Q", visit="V2"))
    teams = {
        data.encounter.visit_number.value: {one.provider.value for one in data.care_team if one.role == "PP"}
        for _, data in house.told
        if data.encounter.visit_number
    }
    assert teams == {"V1": {"9000000001"}, "V2": set()}, "whose doctor was told of a stranger"


def test_parted__what_was_told_of_whom_a_message_only_mentioned_is_taken_back() -> None:
    """By the number that both hospitals know they are one at first, and the registration is told of the one mentioned.
    By their sex they are two: then it is told of whom it was, and taken back of the other, once.
    """
    (registered, mentions, sex) = next(one.messages for one in HOSPITALS if "mentioned" in one.name)
    house = House().hear_all(*(message for _, message in (mentions, registered, sex, sex)))
    assert house.types == ["registered", "registered", "cancelled"]
    first, again, last = (data for _, data in house.told)
    assert [one.event_id for one in last.withdraws] == [house.told[0][0].id]
    assert last.encounter.status == "cancelled"
    assert first.patient.patient_id == last.patient.patient_id != again.patient.patient_id
