"""`care trace` names the messages that begin and end nothing, by the registers that they wrote."""

from __future__ import annotations

from care.trace_tree import last_words
from services.admissions.domain.model import Patient
from tests.unit.admissions.house import House
from tests.unit.admissions.messages import adt

WHO = {"name": "Canarybird^Ada", "born": "19410506"}


def named(house: House) -> list[tuple[str, str, str]]:
    """Time recorded, feed and control id of each."""
    return [(at[:16], *source[:2]) for at, source in last_words(Patient.model_validate(house.patient))]


def test_last_words__are_of_an_update_and_of_no_message_that_is_a_fact_or_was_written_over() -> None:
    house = House().hear_all(adt("A28", "01 0800", control="C0", **WHO), adt("A01", "01 0905", control="C1", **WHO))
    assert named(house) == []
    house.hear(adt("A08", "01 1000", control="C\\F\\2", **WHO))
    # 10:00 in New York is 15:00 UTC; the escape is a field separator in the control id
    assert named(house) == [("2026-11-01T15:00", "north", "C|2")]


def test_last_words__of_a_patient_of_whom_only_an_a28_came_is_that() -> None:
    house = House().hear_all(adt("A28", "01 0800", control="C0", **WHO))
    assert named(house) == [("2026-11-01T13:00", "north", "C0")]
