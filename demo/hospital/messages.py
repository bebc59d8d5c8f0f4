"""What happened, as HL7 v2.5.1 ER7 bytes in UTF-8 (ch. 3.3: a section a trigger).

Trigger to structure is table 0354 of v2.5.1. Details (NK1, DG1, IN1) are snapshots and come with A08 and A03.
"""

from __future__ import annotations

from datetime import datetime
from typing import Final

from demo.hospital.course import Happening, Shield, Visit, Ward
from demo.hospital.facilities import ENTERPRISE, Facility
from demo.hospital.people import Person
from demo.hospital.segments import composite, cx, moment, repeated, segment, xcn
from shared.hl7.separators import STANDARD

PRODUCTION, TRAINING = "P", "T"
NOTHING: Final = '""'
"""What was said before is to be deleted (HL7 v2.5.1 ch. 2.5.3.2)."""
STRUCTURES: Final = {
    "A01": "ADT_A01", "A02": "ADT_A02", "A03": "ADT_A03", "A04": "ADT_A01", "A05": "ADT_A05", "A06": "ADT_A06",
    "A07": "ADT_A06", "A08": "ADT_A01", "A11": "ADT_A09", "A12": "ADT_A12", "A13": "ADT_A01", "A17": "ADT_A17",
    "A21": "ADT_A21", "A22": "ADT_A21", "A38": "ADT_A38", "A40": "ADT_A39", "A43": "ADT_A43",
    "A44": "ADT_A43", "A45": "ADT_A45",
}  # fmt: skip
_WITH_DETAILS: Final = frozenset({"A03", "A08"})
_INTO_BED: Final = "A06"
_REPAIRS: Final = frozenset({"A40", "A43", "A44", "A45"})
_OF_A_VISIT: Final = "A45"
_RESTRICTED: Final = frozenset({Shield.PATIENT_RESTRICTED, Shield.VISIT_RESTRICTED})
WITH_RESTRICTIONS: Final = frozenset({"A01", "A02", "A03", "A04", "A05", "A06", "A07", "A08", "A13"})
"""In whose structures HL7 v2.6 ch. 3.3 has an ARV, behind PD1 and behind PV2."""
_DESTINATIONS: Final = {"02": "TESTACUTE", "03": "TESTSNF", "06": "TESTHHA", "50": "TESTHOSPICE", "62": "TESTIRF"}


def adt(
    happening: Happening,
    control_id: str,
    written: datetime,
    *,
    processing_id: str = PRODUCTION,
    without_pid: bool = False,
) -> bytes:
    """One ADT message. `written` is MSH-7; `without_pid` leaves out the patient, which nobody can read."""
    visit = happening.visit
    kind = composite("ADT", happening.trigger, STRUCTURES[happening.trigger])
    restricts = visit.shield in _RESTRICTED and happening.trigger in WITH_RESTRICTIONS
    version = "2.6" if restricts else "2.5.1"
    lines = [header(visit.facility, kind, control_id, written, processing_id, version), _evn(happening)]
    if not without_pid:
        lines += _patient(visit, details=happening.trigger in _WITH_DETAILS, restricts=restricts)
    if happening.trigger in _REPAIRS:
        lines.append(_mrg(happening))
    if happening.trigger not in _REPAIRS or happening.trigger == _OF_A_VISIT:
        lines += [*_before(happening), _pv1(visit), *_protection(visit, restricts=restricts)]
    if happening.trigger in _WITH_DETAILS:
        lines += [_dg1(visit), _in1(visit.filed)]
    if happening.beside is not None:
        lines += [*_patient(happening.beside, details=False), _pv1(happening.beside)]
    return encoded(lines)


def oru(visit: Visit, control_id: str, written: datetime) -> bytes:
    """A laboratory result: a message of another kind, as every real feed sends now and then."""
    result = {1: "1", 2: "NM", 3: composite("2951-2", "Sodium", "LN"), 5: "139", 6: "mmol/L", 11: "F"}
    order = {1: "1", 3: control_id, 4: composite("24321-2", "Basic metabolic panel", "LN")}
    head = header(visit.facility, composite("ORU", "R01", "ORU_R01"), control_id, written, PRODUCTION)
    return encoded([head, _pid(visit), segment("OBR", order), segment("OBX", result)])


def header(
    facility: Facility, kind: str, control_id: str, written: datetime, processing_id: str, version: str = "2.5.1"
) -> str:
    """MSH. Enhanced mode is asked for by MSH-15 and -16 (ch. 2.9.3), original mode by leaving both empty."""
    fields = {
        2: STANDARD.encoding_characters,
        3: "SIMHIS",
        4: facility.code,
        5: "CARE",
        6: "TRANSITIONS",
        7: moment(written, facility.zone),
        9: kind,
        10: control_id,
        11: processing_id,
        12: version,
        15: "AL" if facility.enhanced else "",
        16: "NE" if facility.enhanced else "",
        18: "UNICODE UTF-8",
    }
    # MSH-1 is the separator itself, so every other field stands one place further left than its number says
    return segment("MSH", {number - 1: value for number, value in fields.items()})


def encoded(lines: list[str]) -> bytes:
    """Segments to bytes; each ends with CR (ch. 2.5.1)."""
    return "".join(line + "\r" for line in lines).encode()


def _evn(happening: Happening) -> str:
    zone = happening.visit.facility.zone
    fields = {1: happening.trigger, 2: moment(happening.recorded, zone), 6: moment(happening.occurred, zone)}
    return segment("EVN", fields)


def _mrg(happening: Happening) -> str:
    """Who gives way: a number for ever (A40); another patient in all that was filed there (A43), in one account (A44)
    or in one visit (A45).
    """
    visit, authority = happening.visit, happening.visit.facility.authority
    if visit.namesake is None:
        return segment("MRG", {1: cx(visit.temporary_mrn, authority, "MR")})
    what = {"A44": {3: _account(visit)}, "A45": {5: cx(visit.number, authority, "VN")}}.get(happening.trigger, {})
    return segment("MRG", {1: cx(visit.namesake.mrn(authority), authority, "MR"), **what})


def _before(happening: Happening) -> list[str]:
    """The visit that this one was before; it is no merge, and the patient is the same (ch. 3.3.6)."""
    visit = happening.visit
    if happening.trigger != _INTO_BED or not visit.prior:
        return []
    return [segment("MRG", {1: _numbers(visit), 5: cx(visit.prior, visit.facility.authority, "VN")})]


def _account(visit: Visit) -> str:
    return cx(f"A{visit.number[1:]}", visit.facility.authority, "AN")


def _patient(visit: Visit, *, details: bool, restricts: bool = False) -> list[str]:
    person = visit.filed
    lines = [
        _pid(visit),
        segment("PD1", {4: xcn(person.primary_care), 12: "Y" if visit.shield is Shield.PATIENT else ""}),
        *([_arv()] if restricts and visit.shield is Shield.PATIENT_RESTRICTED else []),
    ]
    if person.with_role:
        role = {1: "1", 2: "UP", 3: composite("PP", "Primary Care Provider", "HL70443"), 4: xcn(person.primary_care)}
        lines.append(segment("ROL", role))
    return [*lines, _nk1(person)] if details else lines


def _protection(visit: Visit, *, restricts: bool) -> list[str]:
    """PV2-22, or an ARV, of the visit."""
    if visit.shield is Shield.VISIT:
        return [segment("PV2", {22: "Y"})]
    return [_arv()] if restricts and visit.shield is Shield.VISIT_RESTRICTED else []


def _arv() -> str:
    """Everything is restricted, for everybody (HL7 v2.6 ch. 3.4.14; tables 0206 and 0717)."""
    return segment("ARV", {1: "1", 2: "A", 3: composite("ALL", "All", "HL70717")})


def _pid(visit: Visit) -> str:
    person, facility = visit.filed, visit.facility
    fields = {
        1: "1",
        3: _numbers(visit),
        5: composite(person.family, person.given, "", "", "", "", "L"),
        7: person.born.strftime("%Y%m%d"),
        8: person.sex,
        11: composite(person.street, "", person.city, person.state, "00000", "USA", "H"),
        13: repeated(composite(person.phone, "PRN", "PH"), _email(person)),
        15: person.language,
        18: _account(visit),
        29: NOTHING if visit.alive else moment(visit.died, facility.zone),
        30: "N" if visit.alive else "Y" if visit.died else "",
    }
    return segment("PID", fields)


def _numbers(visit: Visit) -> str:
    person, authority = visit.filed, visit.facility.authority
    if visit.temporary:
        return cx(visit.temporary_mrn, authority, "MR")
    return repeated(cx(person.mrn(authority), authority, "MR"), cx(person.enterprise_id, ENTERPRISE, "PI"))


def _email(person: Person) -> str:
    return composite("", "NET", "Internet", person.email) if person.email else ""


def _nk1(person: Person) -> str:
    contact = person.contact
    fields = {
        1: "1",
        2: composite(contact.family, contact.given),
        3: composite(*contact.relation, "HL70063"),
        5: composite(contact.phone, "PRN", "PH"),
        7: composite("C", "Emergency Contact", "HL70131"),
    }
    return segment("NK1", fields)


def _pv1(visit: Visit) -> str:
    facility = visit.facility
    fields = {
        1: "1",
        2: visit.class_,
        3: _bed(visit, visit.ward),
        4: visit.admission_type,
        6: _bed(visit, visit.came_from) if visit.came_from else "",
        7: xcn(visit.attending),
        8: xcn(visit.referring),
        10: visit.ward.service,
        17: xcn(visit.attending),
        19: cx(visit.number, facility.authority, "VN"),
        36: visit.disposition,
        37: composite(_DESTINATIONS.get(visit.disposition, "")),
        44: moment(visit.begun, facility.zone),
        45: moment(visit.ended, facility.zone),
    }
    return segment("PV1", fields)


def _bed(visit: Visit, ward: Ward) -> str:
    return composite(ward.unit, visit.room, "1", visit.facility.code)


def _dg1(visit: Visit) -> str:
    diagnosis = composite(*visit.diagnosis, "I10")
    return segment("DG1", {1: "1", 3: diagnosis, 6: "F" if visit.ended else "A"})


def _in1(person: Person) -> str:
    fields = {
        1: "1",
        2: composite("MEDTEST", "Synthetic Medicare"),
        3: composite("90001", "", "", "TESTPAYER"),
        4: composite("Test Payer & Partners"),
        15: "MA",
        36: f"TP{person.serial:07d}",
        49: cx(f"TM{person.serial:07d}", "TESTPAYER", "MB"),
    }
    return segment("IN1", fields)
