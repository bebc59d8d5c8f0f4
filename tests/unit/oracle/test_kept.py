"""What is kept of events for the comparison."""

from __future__ import annotations

from demo.oracle.kept import KeptStay
from shared.schemas.encounters import EncounterClosed, EncounterState, Location, PatientState
from tests.unit.oracle.paper import utc


def test_kept_stay__one_that_a_rule_closed_goes_on_for_whoever_sent_no_end() -> None:
    state = EncounterState(
        encounter_id="e1", status="finished", class_="E", location=Location(point_of_care="ED"), closed_by="rule"
    )
    closed = EncounterClosed(patient=PatientState(patient_id="p1"), encounter=state, occurred_at=utc("11-08 12:00"))
    kept = KeptStay.of(closed)
    assert (kept.status, kept.ended, kept.class_, kept.place) == ("in-progress", None, "E", "ED")
