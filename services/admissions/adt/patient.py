"""PID, PD1, NK1, MRG and the patient's ARV to a `Patient`."""

from __future__ import annotations

from services.admissions.adt.datatypes import (
    Datatypes,
    address_of,
    best_name,
    coded,
    email_of,
    name_of,
    phone_of,
)
from services.admissions.adt.groups import Anchor, Group, clears_all
from services.admissions.adt.reading import Fields, Reading, said
from shared.hl7.er7 import Element, Segment
from shared.schemas.adt import Contact, Patient, Precision, Telecom

_DATES = frozenset({Precision.YEAR, Precision.MONTH, Precision.DAY})
_NOBODY = Contact()
_PID = {"PID-3": 3, "PID-2": 2, "PID-4": 4}
_MRG = {"PID-3": 1, "PID-2": 4, "PID-4": 2}  # the number that was, where that one is (HL7 v2.5.1 ch. 3.4.9)
_TELECOMS = (13, 14, 40)
_WORK_PHONE = 14


def read_patient(group: Group, reading: Reading, types: Datatypes) -> Patient:
    """One patient of the message."""
    fields = Fields()
    pid, merge = group.first("PID"), group.first("MRG")
    _numbers(fields, "identifiers", pid, [_PID[place] for place in reading.feed.patient_fields], types)
    fields.many("external_identifiers", pid, 2, types.identifier)
    fields.many("alternate_identifiers", pid, 4, types.identifier)
    _numbers(fields, "prior_identifiers", merge, [_MRG[place] for place in reading.feed.patient_fields], types)
    fields.one("prior_patient_id", merge, 4, types.identifier)
    _names(fields, pid)
    _birth(fields, pid, reading)
    fields.one("sex", pid, 8, said)
    fields.many("addresses", pid, 11, address_of)
    _telecoms(fields, pid)
    fields.one("language", pid, 15, said)
    _state(fields, pid, reading)
    _practice(fields, group.first("PD1"), reading, types)
    _contacts(fields, group.all("NK1"))
    restrictions(fields, group, Anchor.PATIENT)
    return Patient(**fields.values, cleared=fields.cleared)


def restrictions(fields: Fields, group: Group, anchor: Anchor) -> None:
    """ARV: what may not be told to everybody, of the patient or of the visit (HL7 v2.6 ch. 3.4.14)."""
    segments = [segment for place, segment in group.anchored("ARV") if place is anchor]
    standing = [segment for segment in segments if said(segment.element(2)).upper() != "D"]
    if segments and (clears_all(segments) or not standing):
        fields.clear("restrictions")
    else:
        fields.group("restrictions", [code for s in standing if (code := said(s.element(3)))])


def _numbers(fields: Fields, name: str, segment: Segment, places: list[int], types: Datatypes) -> None:
    """The fields in which the site numbers its patients are one snapshot, in their order, a number once."""
    sent = [place for place in places if segment.raw(place)]
    if len(sent) < 2:
        fields.many(name, segment, sent[0] if sent else places[0], types.identifier)
        return
    read = [types.identifier(element) for place in sent for element in segment.elements(place)]
    found = dict.fromkeys(number for number in read if number)
    fields.group(name, list(found))
    if all(segment.is_null(place) for place in sent):
        fields.clear(name)


def _names(fields: Fields, pid: Segment) -> None:
    fields.many("names", pid, 5, name_of)
    if pid.is_null(5):
        fields.one("name", pid, 5, name_of)
    elif "names" in fields.values:
        fields.values["name"] = best_name(fields.values["names"])


def _birth(fields: Fields, pid: Segment, reading: Reading) -> None:
    fields.one("birth_date", pid, 7, reading.date)
    if "birth_date" in fields.values:
        born = reading.moment(pid.element(7))
        if born is not None and born.precision not in _DATES:
            fields.values["born_at"] = born


def _telecoms(fields: Fields, pid: Segment) -> None:
    """PID-13, -14 and -40 are one set: what was sent of them replaces all telephones and addresses known."""
    sent = [field for field in _TELECOMS if pid.raw(field)]
    if sent and all(pid.is_null(field) for field in sent):
        fields.clear("phones")
        fields.clear("emails")
        return
    said_ones = [(field, element) for field in sent if not pid.is_null(field) for element in pid.elements(field)]
    phones = [_placed(phone, field) for field, element in said_ones if (phone := phone_of(element))]
    emails = [_placed(email, field) for field, element in said_ones if (email := email_of(element))]
    if phones or emails:
        fields.values["phones"], fields.values["emails"] = tuple(phones), tuple(emails)


def _placed(telecom: Telecom, field: int) -> Telecom:
    """PID-14 is the business one by its place."""
    if field == _WORK_PHONE and not telecom.use:
        return telecom.model_copy(update={"use": "WPN"})
    return telecom


def _state(fields: Fields, pid: Segment, reading: Reading) -> None:
    fields.one("died_at", pid, 29, reading.moment)
    fields.one("death_indicator", pid, 30, reading.yes_or_no)
    fields.one("identity_unknown", pid, 31, reading.yes_or_no)
    fields.many("identity_reliability", pid, 32, said)
    fields.one("updated_at", pid, 33, reading.moment)


def _practice(fields: Fields, pd1: Segment, reading: Reading, types: Datatypes) -> None:
    fields.many("primary_care_organizations", pd1, 3, types.organization)
    fields.many("primary_care_providers", pd1, 4, types.provider)
    fields.one("protected", pd1, 12, reading.yes_or_no)


def _contacts(fields: Fields, segments: list[Segment]) -> None:
    if clears_all(segments):
        fields.clear("contacts")
    else:
        fields.group("contacts", [contact for segment in segments if (contact := _contact(segment)) != _NOBODY])


def _contact(segment: Segment) -> Contact:
    places: list[Element] = [element for field in (5, 6) for element in segment.elements(field)]
    return Contact(
        name=name_of(segment.element(2)),
        relationship=coded(segment.element(3)),
        role=coded(segment.element(7)),
        phones=tuple(phone for element in places if (phone := phone_of(element))),
        emails=tuple(email for element in places if (email := email_of(element))),
    )
