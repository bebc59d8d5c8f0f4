"""Synthetic patients. Every family name begins with Test, every number is a 555-01xx, no postal code exists."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date, timedelta
from random import Random
from typing import Final

from demo.hospital.providers import PRIMARY_CARE, Provider

_FAMILIES: Final = (
    "Testacorn", "Testbrook", "Testcairn", "Testdell", "Testelm", "Testfern", "Testgrove", "Testhollow", "Testiris",
    "Testjuniper", "Testknoll", "Testlagoon", "Testmarsh", "Testnettle", "Testorchard", "Testpebble", "Testrapids",
    "Testsorrel", "Testtundra", "Testvalley", "Testweir", "Testyonder",
)  # fmt: skip
_GIVEN: Final = (
    "Amber", "Basil", "Cedar", "Dahlia", "Ember", "Fennel", "Garnet", "Hazel", "Indigo", "Jade", "Kelby", "Linden",
    "Marigold", "Nutmeg", "Opal", "Pearl", "Quartz", "Rosemary", "Saffron", "Thistle", "Umbra", "Violet",
)  # fmt: skip
_BEYOND_ASCII: Final = (("Testmüller", "Zoë"), ("Testñandú", "Íñigo"), ("Testżółw", "Łucja"), ("Test森", "光"))
_STREETS: Final = ("Sample Street", "Placeholder Lane", "Mill & Main Street", "Example Avenue", "Fixture Road")
_CITIES: Final = (("Testville", "NY"), ("Mockham", "IL"), ("Port Synthetic", "ME"), ("Fakeford", "CO"))
_LANGUAGES: Final = {"en": 78, "es": 15, "fr": 3, "pl": 2, "vi": 2}
_RELATIONS: Final = (("SPO", "Spouse"), ("CHD", "Child"), ("SIB", "Sibling"), ("FND", "Friend"))
_NEIGHBOURS, _NAMESAKES = 80_000_000, 90_000_000
_AMONG_THE_PLAYED: Final = 10_000_000
_OLDEST, _YOUNGEST = date(1932, 1, 1), date(1992, 1, 1)


@dataclass(frozen=True, slots=True)
class Contact:
    """Next of kin. `relation` is a code of HL7 table 0063 and its text."""

    family: str
    given: str
    relation: tuple[str, str]
    phone: str


@dataclass(frozen=True, slots=True)
class Person:
    """One patient. `number` counts within a run, `serial` differs between seeds as well.

    `street` may hold a character that ER7 must escape. `enterprise`: all hospitals know a common number. `with_role`:
    the primary care provider is sent as a ROL beside PD1-4.
    """

    number: int
    serial: int
    family: str
    given: str
    born: date
    sex: str
    street: str
    city: str
    state: str
    phone: str
    email: str
    language: str
    contact: Contact
    primary_care: Provider
    enterprise: bool
    with_role: bool

    def mrn(self, authority: str) -> str:
        """The medical record number that an authority gave."""
        return f"{authority[0]}{self.serial:08d}"

    @property
    def played_with(self) -> str:
        """Whose messages are one story: of somebody and of those who come into it."""
        return f"p{self.serial % _AMONG_THE_PLAYED}"

    @property
    def enterprise_id(self) -> str:
        """The number that all hospitals know, or ""."""
        return f"R{self.serial:08d}" if self.enterprise else ""


def people(rng: Random, seed: int, count: int) -> list[Person]:
    """`count` different patients; those of another seed have other numbers."""
    return [_person(rng, seed, number) for number in range(1, count + 1)]


def namesake(person: Person) -> Person:
    """Somebody else of the same name and sex, who has a doctor, a birth date and numbers of their own."""
    return replace(
        person,
        serial=_NAMESAKES + person.serial,
        born=person.born + timedelta(days=400),
        email="",
        primary_care=_primary_care_of(person.number + 1),
        enterprise=False,
    )


def neighbour(person: Person) -> Person:
    """Who lies in the next bed."""
    return replace(
        person,
        serial=_NEIGHBOURS + person.serial,
        family="Testneighbour",
        born=person.born - timedelta(days=700),
        street="1 Sample Street",
        phone=f"(203)555-01{person.number % 100:02d}",
        email="",
        primary_care=_primary_care_of(person.number + 2),
        enterprise=False,
    )


def _person(rng: Random, seed: int, number: int) -> Person:
    family, given = _name(rng, number)
    city, state = rng.choice(_CITIES)
    return Person(
        number=number,
        serial=seed % 1000 * 10_000 + number,
        family=family,
        given=given,
        born=_OLDEST + timedelta(days=rng.randrange((_YOUNGEST - _OLDEST).days)),
        sex=rng.choice("FM"),
        street=f"{rng.randint(1, 199)} {rng.choice(_STREETS)}",
        city=city,
        state=state,
        phone=_phone(rng),
        email=f"patient{number}@example.com" if rng.random() < 0.4 else "",
        language=rng.choices(list(_LANGUAGES), list(_LANGUAGES.values()))[0],
        contact=Contact(family, rng.choice(_GIVEN), rng.choice(_RELATIONS), _phone(rng)),
        primary_care=_primary_care_of(number),
        enterprise=number % 3 != 0,
        with_role=rng.random() < 0.3,
    )


def _primary_care_of(number: int) -> Provider:
    """In turn and not drawn, so that even a short demonstration meets those whom the directory does not know."""
    return PRIMARY_CARE[number % len(PRIMARY_CARE)]


def _name(rng: Random, number: int) -> tuple[str, str]:
    """Every ninth one does not fit in ASCII."""
    if number % 9 == 0:
        return _BEYOND_ASCII[number // 9 % len(_BEYOND_ASCII)]
    return rng.choice(_FAMILIES), rng.choice(_GIVEN)


def _phone(rng: Random) -> str:
    return f"({rng.randint(201, 989)})555-01{rng.randint(0, 99):02d}"
