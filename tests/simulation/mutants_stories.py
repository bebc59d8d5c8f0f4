"""Planted bugs of swapped patients, of numbers that are renamed or merged, and of readmissions."""

from __future__ import annotations

from typing import Any
from unittest.mock import patch

from services.admissions import handlers as admissions_handlers
from services.admissions.domain import joins, journal, related, returns
from services.admissions.domain.repairs import ACCOUNT, MERGE
from services.discharge.domain import lifecycle as discharge_lifecycle


def swaps_only_the_first_patient() -> Any:
    real = admissions_handlers.parts_of
    return patch.object(
        admissions_handlers, "parts_of", lambda event: real(event)[: 1 if event.trigger == "A17" else 9]
    )


def an_obsolete_number_stays_a_patient() -> Any:
    real = journal.merges
    return patch.object(journal, "merges", lambda repairs: real(one for one in repairs if one.kind == MERGE))


def a_merged_visit_stays_another() -> Any:
    real = joins._merged
    return patch.object(
        joins, "_merged", lambda visits, repairs: real(visits, [one for one in repairs if one.level == ACCOUNT])
    )


def a_merged_account_stays_another() -> Any:
    real = joins._merged
    return patch.object(
        joins, "_merged", lambda visits, repairs: real(visits, [one for one in repairs if one.level != ACCOUNT])
    )


def a_renamed_visit_stays_another() -> Any:
    real = joins._merged
    return patch.object(
        joins, "_merged", lambda visits, repairs: real(visits, [one for one in repairs if one.kind == MERGE])
    )


def a_readmission_calls_off_nothing() -> Any:
    return patch.object(discharge_lifecycle, "_back_in_hospital", lambda *_: None)


def a_visit_calls_off_the_work() -> Any:
    return patch.object(discharge_lifecycle, "_back_in_hospital", lambda encounter, _: encounter.returned)


def a_readmission_may_come_a_day_later() -> Any:
    return patch.object(returns, "WINDOW_DAYS", 31)


def the_later_stay_alone_knows_of_a_readmission() -> Any:
    return patch.object(related, "returned", lambda *_: None)
