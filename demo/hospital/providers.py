"""Who treats the simulated patients. Most of them stand in `demo/data/directory.toml`, some on purpose do not.

Staff have a number of their own hospital; primary care and referring practitioners have a number of the assigner NPI.
Real NPIs begin with 1 or 2, these with 9, so none of them can be a person's.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from demo.hospital.facilities import Facility

NPI: Final = "NPI"


@dataclass(frozen=True, slots=True)
class Provider:
    """One practitioner. `also`: a second number of the same person, as (value, assigner), or None."""

    value: str
    assigner: str
    family: str
    given: str
    also: tuple[str, str] | None = None


_STAFF: Final = {
    "NORTH": (("Testarrow", "Ash"), ("Testbarley", "Birch"), ("Testclover", "Cole"), ("Testdrift", "Dune")),
    "SUMMIT": (("Testember", "Esker"), ("Testfrost", "Flint"), ("Testgorge", "Glen")),
    "LAKESIDE": (("Testharbor", "Heath"), ("Testinlet", "Isle"), ("Testjetty", "Jasper"), ("Testkelp", "Kestrel")),
    "PRAIRIE": (("Testloam", "Lark"), ("Testmeadow", "Merle"), ("Testnectar", "Nash")),
}
_COMMUNITY: Final = (
    ("Testoak", "Olive"),
    ("Testpoplar", "Perry"),
    ("Testquince", "Quill"),
    ("Testrowan", "Reed"),
    ("Testspruce", "Sage"),
    ("Testthorn", "Teal"),
    ("Testumber", "Una"),
    ("Testvetch", "Vale"),
    ("Testwillow", "Wren"),
    ("Testyarrow", "Yves"),
    ("Testzinnia", "Zephyr"),
    ("Testalder", "Anise"),
)


def _staff(code: str, place: int, family: str, given: str) -> Provider:
    """Lakeside sends its staff's NPI as well: two repetitions of one person."""
    authority = "NORTH" if code == "SUMMIT" else code
    also = (f"98000{place:05d}", NPI) if code == "LAKESIDE" else None
    return Provider(f"{code[0]}D{place:03d}", authority, family, given, also)


ATTENDING: Final = {
    code: tuple(_staff(code, place, *name) for place, name in enumerate(names, start=1))
    for code, names in _STAFF.items()
}
"""Staff by facility code."""

PRIMARY_CARE: Final = tuple(
    Provider(f"90000{place:05d}", NPI, family, given) for place, (family, given) in enumerate(_COMMUNITY, start=1)
)


def staff_of(facility: Facility) -> tuple[Provider, ...]:
    """Who can be attending there."""
    return ATTENDING[facility.code]
