"""HL7's composite types (v2.5.1 ch. 2A) to the contract's; what holds nothing becomes None.

An assigner is the namespace of its HD, else the universal id; each universal id is kept as an `Authority` of the event.
"""

from __future__ import annotations

from functools import lru_cache

from services.admissions.adt.reading import Reading, said
from shared.hl7.er7 import Element
from shared.schemas.adt import Address, Authority, Coded, HumanName, Location, Organization, Provider, Telecom
from shared.schemas.identifiers import Identifier

# HL7 table 0200, what a person should be called first; untyped counts as legal
_NAME_RANK = {use: rank for rank, use in enumerate(("L", "", "D", "U", "I", "C", "B", "M", "T"))} | {
    use: 99 + rank for rank, use in enumerate(("N", "A", "TEMP", "S", "MSK"))
}
_NOWHERE = Location()
_INTERNET = frozenset({"INTERNET", "X.400"})


@lru_cache(maxsize=4096)  # the same people and numbers come again in every message of a stay
def _identifier(value: str, assigner: str, kind: str) -> Identifier:
    return Identifier(value=value, assigner=assigner, type=kind)


@lru_cache(maxsize=4096)
def _provider(value: str, assigner: str, kind: str, name: tuple[str, str, str, str, str, str]) -> Provider:
    family, given, *_ = name
    return Provider(identifier=_identifier(value, assigner, kind), name=_name(*name) if family or given else None)


@lru_cache(maxsize=4096)
def _location(point_of_care: str, room: str, bed: str, facility: str, building: str, floor: str) -> Location:
    return Location(point_of_care=point_of_care, room=room, bed=bed, facility=facility, building=building, floor=floor)


@lru_cache(maxsize=4096)
def _name(family: str, given: str, middle: str, prefix: str, suffix: str, use: str) -> HumanName:
    return HumanName(family=family, given=given, middle=middle, prefix=prefix, suffix=suffix, use=use)


@lru_cache(maxsize=4096)
def _address(street: str, other: str, city: str, state: str, postal_code: str, country: str, use: str) -> Address:
    return Address(
        street=street, other=other, city=city, state=state, postal_code=postal_code, country=country, use=use
    )


@lru_cache(maxsize=4096)
def _telecom(value: str, use: str, equipment: str) -> Telecom:
    return Telecom(value=value, use=use, equipment=equipment)


class Datatypes:
    """The readers of one message's fields; each takes one repetition."""

    def __init__(self, reading: Reading) -> None:
        self._reading = reading

    def identifier(self, element: Element) -> Identifier | None:
        """CX of a patient, account or visit; an authority that is not named is the feed's."""
        value = said(element, 1)
        if not value:
            return None
        assigner = self._assigner(element, 4) or self._reading.feed.default_authority
        return _identifier(value, assigner, said(element, 5))

    def foreign_identifier(self, element: Element) -> Identifier | None:
        """CX that somebody outside the feed's house assigned (a payer's number): no authority is assumed."""
        value = said(element, 1)
        return _identifier(value, self._assigner(element, 4), said(element, 5)) if value else None

    def provider(self, element: Element) -> Provider | None:
        """XCN."""
        family, given, value = said(element, 2), said(element, 3), said(element, 1)
        if not (value or family or given):
            return None
        name = (family, given, said(element, 4), said(element, 6), said(element, 5), said(element, 10))
        assigner = self._assigner(element, 9) or (self._reading.feed.provider_authority if value else "")
        return _provider(value, assigner, said(element, 13), name)

    def organization(self, element: Element) -> Organization | None:
        """XON; the number is component 10 from v2.7 on, 3 before."""
        name, value = said(element, 1), said(element, 10) or said(element, 3)
        if not (name or value):
            return None
        assigner, kind = self._assigner(element, 6), said(element, 7)
        identifier = _identifier(value, assigner, kind) if value else None
        return Organization(name=name, identifier=identifier)

    def location(self, element: Element) -> Location | None:
        """PL; the point of care is an HD in some versions, its first part is meant."""
        location = _location(
            said(element, 1),
            said(element, 2),
            said(element, 3),
            self._assigner(element, 4),
            said(element, 7),
            said(element, 8),
        )
        return location if location != _NOWHERE else None

    def _assigner(self, element: Element, component: int) -> str:
        name, universal_id = said(element, component, 1), said(element, component, 2)
        if universal_id:
            kind = said(element, component, 3)
            authority = Authority(name=name or universal_id, universal_id=universal_id, universal_id_type=kind)
            self._reading.authorities.setdefault((name, universal_id), authority)
        return name or universal_id


def hierarchic(element: Element) -> str:
    """HD as a field of its own: namespace, else universal id."""
    return said(element, 1) or said(element, 2)


def name_of(element: Element) -> HumanName | None:
    """XPN."""
    name = _name(*(said(element, component) for component in (1, 2, 3, 5, 4, 7)))
    return name if name.family or name.given or name.middle else None


def best_name(names: tuple[HumanName, ...]) -> HumanName | None:
    """The name that is meant by its type, never by its place; of two alike the first."""
    return min(names, key=lambda name: _NAME_RANK.get(name.use.upper(), 50), default=None)


def address_of(element: Element) -> Address | None:
    """XAD."""
    address = _address(*(said(element, component) for component in range(1, 8)))
    return address if any((address.street, address.other, address.city, address.state, address.postal_code)) else None


def coded(element: Element) -> Coded | None:
    """CWE or CE."""
    code = Coded(code=said(element, 1), text=said(element, 2), system=said(element, 3))
    return code if code.code or code.text else None


def phone_of(element: Element) -> Telecom | None:
    """XTN's telephone number: as written, else unformatted, else from its parts."""
    value = said(element, 1) or said(element, 12) or _assembled(element)
    if not value or ("@" in value and _is_internet(element)):
        return None
    return _telecom(value, said(element, 2), said(element, 3))


def email_of(element: Element) -> Telecom | None:
    """XTN's e-mail address: component 4, or component 1 where it is typed as one."""
    value = said(element, 4)
    if not value and "@" in said(element, 1) and _is_internet(element):
        value = said(element, 1)
    return _telecom(value, said(element, 2), said(element, 3)) if value else None


def _is_internet(element: Element) -> bool:
    return said(element, 2).upper() in {"NET", "DSM"} or said(element, 3).upper() in _INTERNET


def _assembled(element: Element) -> str:
    country, area, local, extension = (said(element, part) for part in (5, 6, 7, 8))
    if not local:
        return ""
    spoken = " ".join(part for part in (f"+{country.lstrip('+')}" if country else "", area, local) if part)
    return f"{spoken} x{extension}" if extension else spoken
