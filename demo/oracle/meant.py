"""What the simulated hospital meant by each of its messages, in the oracle's own types. Reads no message."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime

from demo.hospital.course import Happening, Note, Shield
from demo.hospital.facilities import ENTERPRISE, Facility
from demo.hospital.faults import UNREADABLE, Harm
from demo.hospital.providers import Provider
from demo.hospital.sendings import Sending
from demo.oracle.calendar import as_read
from demo.oracle.facts import Member, Message

_MERGE, _INTO_BED = "A40", "A06"
_MOVES = ("A43", "A44", "A45")
_OF_NO_VISIT = (_MERGE, "A43")
_WITHOUT_PV1 = (_MERGE, "A43", "A44")
_WITH_ARV = ("A01", "A02", "A03", "A04", "A05", "A06", "A07", "A08", "A13")
_PART2_UNITS, _BEHAVIOURAL_SERVICES = ("DETOX",), ("PSY",)
MODES = {"PRAIRIE": "shadow"}
"""By facility; every other one is live (`demo/data/feeds.toml`)."""


def meant(sendings: Iterable[Sending]) -> dict[str, Message]:
    """Control id → what can be understood of it; without those about no stay and those that nobody can read."""
    return {
        one.control_id: _message(one, one.meant)
        for one in sendings
        if one.meant is not None and one.harm not in UNREADABLE
    }


def unreadable(sendings: Iterable[Sending]) -> frozenset[str]:
    """Control ids of what was planted to be dead-lettered."""
    return frozenset(one.control_id for one in sendings if one.note is Note.POISON or one.harm in UNREADABLE)


def _message(sending: Sending, told: Happening) -> Message:
    visit = told.visit
    training = sending.note is Note.TEST
    message = Message(
        control_id=sending.control_id,
        trigger=told.trigger,
        visit=visit.number if told.trigger not in _OF_NO_VISIT else "",
        patient=_who(told, training=training),
        facility=visit.facility.code,
        zone=visit.facility.zone.key,
        occurred=told.occurred,
        recorded=told.recorded,
        class_=visit.class_,
        admission_type=visit.admission_type,
        ended=visit.ended,
        disposition=visit.disposition,
        died=visit.died is not None,
        alive=visit.alive,
        place=f"{visit.ward.unit} {visit.room}",
        mode=MODES.get(visit.facility.code, "live"),
        training=training,
        team=_team(told),
        authority=visit.facility.authority,
        numbers=_numbers_of(told),
        retires=_temporary(told) if told.trigger == _MERGE else "",
        moves=_namesake(told) if told.trigger in _MOVES else "",
        mistaken=visit.mistaken,
        prior=visit.prior if told.trigger == _INTO_BED else "",
        unit=told.trigger not in _WITHOUT_PV1 and _is_unit(visit.ward.unit, visit.ward.service),
        shields_visit=told.trigger not in _WITHOUT_PV1 and _says(told, Shield.VISIT, Shield.VISIT_RESTRICTED),
        shields_patient=_says(told, Shield.PATIENT, Shield.PATIENT_RESTRICTED),
        beside=_message(sending, replace(told, visit=told.beside, beside=None)) if told.beside else None,
    )
    return _without_offsets(message, visit.facility) if sending.harm is Harm.NO_OFFSETS else message


def _is_unit(unit: str, service: str) -> bool:
    return unit in _PART2_UNITS or service in _BEHAVIOURAL_SERVICES


def _says(told: Happening, flag: Shield, restriction: Shield) -> bool:
    """A flag comes with every message, a restriction with those that have room for one."""
    return told.visit.shield is flag or (told.visit.shield is restriction and told.trigger in _WITH_ARV)


def _who(told: Happening, *, training: bool) -> str:
    """The number that all hospitals know, else the one of this authority; training patients are others."""
    person, authority = told.visit.filed, told.visit.facility.authority
    if told.visit.temporary:
        return _temporary(told)
    number = f"{ENTERPRISE}|{person.enterprise_id}" if person.enterprise_id else f"{authority}|{person.mrn(authority)}"
    return f"training|{number}" if training else number


def _temporary(told: Happening) -> str:
    authority = told.visit.facility.authority
    return f"{authority}|{told.visit.temporary_mrn}"


def _namesake(told: Happening) -> str:
    authority, other = told.visit.facility.authority, told.visit.namesake
    return f"{authority}|{other.mrn(authority)}" if other else ""


def _numbers_of(told: Happening) -> frozenset[str]:
    """All that the message calls the patient."""
    person, authority = told.visit.filed, told.visit.facility.authority
    if told.visit.temporary:
        return frozenset({_temporary(told)})
    shared = {f"{ENTERPRISE}|{person.enterprise_id}"} if person.enterprise_id else set()
    return frozenset({f"{authority}|{person.mrn(authority)}", *shared})


def _team(told: Happening) -> tuple[Member, ...]:
    visit = told.visit
    people = [("ADM", visit.attending), ("ATND", visit.attending), ("PCP", visit.filed.primary_care)]
    referring = [("REF", visit.referring)] if visit.referring else []
    return tuple(Member(role, _numbers(provider)) for role, provider in [*people, *referring])


def _numbers(provider: Provider) -> tuple[tuple[str, str], ...]:
    own = (provider.assigner, provider.value)
    return (own, (provider.also[1], provider.also[0])) if provider.also else (own,)


def _without_offsets(message: Message, facility: Facility) -> Message:
    def read(moment: datetime) -> datetime:
        return as_read(moment, facility.zone.key)

    ended = read(message.ended) if message.ended else None
    return replace(message, occurred=read(message.occurred), recorded=read(message.recorded), ended=ended)
