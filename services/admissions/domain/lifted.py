"""A patient document as it was kept before there were records and visits, in the form that it has now.

All was one person then, with its registers and its stays. It becomes one record, under the first of its claims, beside
which the others stand; its stays become visits of that record.
"""

from __future__ import annotations

from typing import Any, Final

Data = dict[str, Any]

_OF_A_VISIT: Final[tuple[str, ...]] = ("facts", "registers", "protected_unit")
_OF_AN_ENCOUNTER: Final[tuple[str, ...]] = ("encounter_id", "key", "stage", "died")
_OF_A_RECORD: Final[tuple[str, ...]] = ("patient_id", "registers", "birth_dates", "sexes")
_OF_A_DOOR: Final = {"feed": "", "mode": "live", "a08": "describes"}


def lifted(old: Data) -> Data:
    """The document's state as JSON, in the new form."""
    key, *beside = old.get("claims") or [""]
    first = min((register["stamp"] for register in old["registers"].values()), default="")
    known = {name: old[name] for name in _OF_A_RECORD if name in old}
    record: Data = {"key": key, "first": first, "beside": beside, **known}
    stays = list(old.get("encounters", {}).values())
    kept = {name: value for name, value in old.items() if name not in _OF_A_RECORD or name == "patient_id"}
    return {
        **kept,
        "records": [record],
        "visits": [_visit(stay, key) for stay in stays],
        "encounters": {stay["encounter_id"]: _encounter(stay, key) for stay in stays},
    }


def _visit(stay: Data, record: str) -> Data:
    visit: Data = {name: stay[name] for name in _OF_A_VISIT if name in stay}
    stamps = [one["stamp"] for one in (*stay.get("registers", {}).values(), *stay.get("facts", ()))]
    door: Data = {name: stay.get(name, otherwise) for name, otherwise in _OF_A_DOOR.items()}
    registers = {**stay.get("registers", {}), "door": {"stamp": max(stamps, default=""), "value": door}}
    first = min(stamps, default="")
    return {
        **visit,
        "visit_id": stay["encounter_id"],
        "record": record,
        "key": stay["visit"],
        "first": first,
        "registers": registers,
    }


def _encounter(stay: Data, record: str) -> Data:
    said = stay.get("said", {})
    return {
        **{name: stay[name] for name in _OF_AN_ENCOUNTER if name in stay},
        "anchor": stay["encounter_id"],
        "said": {**said, "record": record if said.get("status") else ""},
    }
