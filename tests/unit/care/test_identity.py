"""What `care identity` lists and says, of documents as admissions keeps them; nothing of a patient is in it."""

from __future__ import annotations

import pytest

from care.identity_lists import Looked, journal_of, records_of, reviews_of
from services.admissions.domain.model import Patient
from tests.unit.admissions.house import House
from tests.unit.admissions.test_obey import NOON, _undo
from tests.unit.admissions.test_settled import disputed, settle
from tests.unit.admissions.test_stays import MERGED, admit, cx, mrg, repair


def _documents(house: House) -> list[Patient]:
    return [Patient.model_validate(state) for state in house.patients]


def _ids(house: House) -> dict[str, str]:
    return {record.key[-6:]: record.patient_id for one in _documents(house) for record in one.records}


def test_reviews__are_listed_by_document_code_and_whom_they_are_about() -> None:
    house = House().hear_all(admit("P", born="19410506"), admit("Q", visit="V2", born="19500101"), MERGED)
    (document,) = _documents(house)
    about = _ids(house)["100201"]
    assert list(reviews_of([document])) == [Looked(document.patient_id, "merged-yet-disagree", about)]


def test_reviews__a_stay_told_of_the_wrong_patient_is_one() -> None:
    move = repair("Q", "A45", "02 1200", mrg(cx("P"), "", "V1"), "V1")
    house = House().hear_all(admit("P"), move)
    (one,) = reviews_of(_documents(house))
    assert (one.code, one.about) == ("told-of-another", house.said[-1].subject)


def test_journal__says_whose_the_sides_are_and_what_stands() -> None:
    house = House().hear_all(admit("P"), admit("Q", visit="V2"), MERGED)
    ids = _ids(house)
    (one,) = journal_of(_documents(house)[0])
    assert (one.what, one.whose) == ("merge patient A40", f"{ids['100201']} → {ids['100200']}")
    assert (one.by, one.stands) == ("north", True)
    house.obey(_undo(house, "merge"), NOON)
    (undone,) = journal_of(_documents(house)[0])
    assert (undone.repair_id, undone.stands) == (one.repair_id, False)


def test_journal__of_a_number_that_nobody_used() -> None:
    house = House().hear_all(MERGED)
    (one,) = journal_of(_documents(house)[0])
    assert one.whose == f"nobody's so far → {_ids(house)['100200']}"


def test_records__of_two_patients_in_one_document_or_in_two() -> None:
    two = House().hear_all(admit("P"), admit("Q", visit="V2"))
    ids = _ids(two)
    asked = ids["100200"], ids["100201"]
    records, documents = records_of(_documents(two), asked)
    assert records == ("tenant-1|NORTH|MR|100200", "tenant-1|NORTH|MR|100201")
    assert documents == asked
    one = two.hear_all(MERGED)
    assert records_of(_documents(one), asked) == (records, (one.patient["patient_id"],))
    with pytest.raises(KeyError):
        records_of(_documents(one), (ids["100200"], "nobody"))


def test_journal__a_settled_review_says_what_it_was_about() -> None:
    house = disputed()
    house.obey(settle(house, "birth-dates-disagree"), NOON)
    (one,) = journal_of(_documents(house)[0])
    assert (one.what, one.whose) == ("settled birth-dates-disagree", house.patient["patient_id"])
