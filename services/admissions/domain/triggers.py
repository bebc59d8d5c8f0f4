"""Every trigger of HL7 v2.5.1 ch. 3, A01 to A62: what it does here, or why it does nothing. Data, and no more.

`own` are the fields that go when the fact is taken back; every other field that is sent is the last word on it.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Final, NamedTuple


class Effect(StrEnum):
    """What a trigger does to a stay."""

    BEGIN = "begin"
    END = "end"
    MOVE_IN = "move-in"
    MOVE_OUT = "move-out"
    PLAN = "plan"
    PLACE = "place"
    LEAVE = "leave"
    RETURN = "return"
    PENDING = "pending"
    DOCTOR = "doctor"
    CANCEL = "cancel"
    DESCRIBE = "describe"
    DESCRIBE_PERSON = "describe-person"
    REPAIR = "repair"
    SWAP = "swap"
    NONE = "none"


WITHOUT_FACT: Final = frozenset({Effect.DESCRIBE, Effect.DESCRIBE_PERSON, Effect.NONE, Effect.REPAIR})
"""What leaves no lifecycle fact: it moves nothing and nothing takes it back."""


class Row(NamedTuple):
    """One trigger. `own`: names of registers; `cancels`: the triggers that it takes back; `because`: of effect none.

    `also`: fields that it needs beside those of its effect.
    """

    name: str
    effect: Effect
    source: str
    own: tuple[str, ...] = ()
    cancels: tuple[str, ...] = ()
    because: str = ""
    note: str = ""
    also: tuple[str, ...] = ()

    @property
    def needs(self) -> tuple[str, ...]:
        """The fields without which it cannot do what it does."""
        return (*NEEDS.get(self.effect, ()), *self.also)

    @property
    def acts(self) -> bool:
        """Is anything of such a message acted on?"""
        return self.effect is not Effect.NONE

    @property
    def is_kept(self) -> bool:
        """Does it leave a fact?"""
        return self.effect not in WITHOUT_FACT


_WHOSE: Final = ("PID-3", "PV1-19")
NEEDS: Final[dict[Effect, tuple[str, ...]]] = {
    Effect.BEGIN: (*_WHOSE, "PV1-2", "PV1-3", "PV1-44"),
    Effect.END: (*_WHOSE, "PV1-2", "PV1-36", "PV1-45"),
    Effect.MOVE_IN: (*_WHOSE, "EVN-6", "PV1-2"),
    Effect.MOVE_OUT: (*_WHOSE, "EVN-6", "PV1-2"),
    Effect.PLAN: _WHOSE,
    Effect.PLACE: (*_WHOSE, "EVN-6", "PV1-3"),
    Effect.LEAVE: (*_WHOSE, "EVN-6"),
    Effect.RETURN: (*_WHOSE, "EVN-6"),
    Effect.PENDING: _WHOSE,
    Effect.DOCTOR: (*_WHOSE, "EVN-6"),
    Effect.CANCEL: (*_WHOSE, "EVN-6"),
    Effect.DESCRIBE: _WHOSE,
    Effect.DESCRIBE_PERSON: ("PID-3",),
    Effect.REPAIR: ("PID-3", "MRG-1"),
    Effect.SWAP: _WHOSE,
}

_PLACE: Final = ("location", "facility")
_CLASS: Final = ("class_", "observed")
_BEGIN: Final = (*_CLASS, "admitted_at", *_PLACE)
_END: Final = ("discharged_at", "discharge_disposition", "discharged_to")
_TRACKING: Final = "tracking to and from a temporary place leaves the bed that the stay is in"
_DATABASE: Final = "deleting in the sender's database does not say that it never was: that is A11 or A38"
_RELATION: Final = "linked records stay apart (a mother and her child): it says nothing of who is who"
_NO_MEANING: Final = "HL7 table 0003 gives it no meaning"
_MERGE: Final = "the patient of MRG-1, else MRG-4, is the one of PID-3"


def _cancel(name: str, source: str, *cancels: str, note: str = "") -> Row:
    return Row(name, Effect.CANCEL, source, cancels=cancels, note=note)


_ACCOUNTS: Final = ("PID-18", "MRG-3")
_VISITS: Final = ("PV1-19", "MRG-5")


def _repair(name: str, source: str, note: str, *also: str) -> Row:
    return Row(name, Effect.REPAIR, source, note=note, also=also)


def _none(name: str, source: str, because: str) -> Row:
    return Row(name, Effect.NONE, source, because=because)


TRIGGERS: Final[dict[str, Row]] = {
    "A01": Row("admit", Effect.BEGIN, "3.3.1", _BEGIN, note="a bedded stay; the last recorded one counts"),
    "A02": Row("transfer", Effect.PLACE, "3.3.2", _PLACE, note="every one counts"),
    "A03": Row("discharge", Effect.END, "3.3.3", _END, note="of class R only a month's end: the series goes on"),
    "A04": Row("register", Effect.BEGIN, "3.3.4", _BEGIN, note="a visit without a bed; the last recorded one counts"),
    "A05": Row("pre-admit", Effect.PLAN, "3.3.5", ("expected_admit_at",), note="nobody is told of a plan"),
    "A06": Row("outpatient to inpatient", Effect.MOVE_IN, "3.3.6", (*_CLASS, *_PLACE)),
    "A07": Row("inpatient to outpatient", Effect.MOVE_OUT, "3.3.7", (*_CLASS, *_PLACE), note="it was an admission"),
    "A08": Row("update", Effect.DESCRIBE, "3.3.8", note="its class moves the stay where the feed's a08_class says so"),
    "A09": _none("departing, tracking", "3.3.9", _TRACKING),
    "A10": _none("arriving, tracking", "3.3.10", _TRACKING),
    "A11": _cancel("cancel admit", "3.3.11", "A04", "A01"),
    "A12": _cancel("cancel transfer", "3.3.12", "A02", note="its own PV1-3 says where the patient really is"),
    "A13": _cancel("cancel discharge", "3.3.13", "A03", note="clears what belonged to the end"),
    "A14": Row("pending admit", Effect.PLAN, "3.3.14", ("expected_admit_at",), note="nobody is told of a plan"),
    "A15": Row("pending transfer", Effect.PENDING, "3.3.15", ("pending_location",), note="kept, and carried nowhere"),
    "A16": Row("pending discharge", Effect.PENDING, "3.3.16", ("expected_discharge_at",)),
    "A17": Row("swap patients", Effect.SWAP, "3.3.17", _PLACE, note="a transfer of each of the two"),
    "A18": _repair("merge patient information", "3.3.18", _MERGE),
    "A19": _none("patient query", "3.3.19", "it asks and tells nothing"),
    "A20": _none("bed status update", "3.3.20", "it is about a bed and no patient"),
    "A21": Row("leave of absence, out", Effect.LEAVE, "3.3.21", ("expected_return_at",), note="never a discharge"),
    "A22": Row("leave of absence, back", Effect.RETURN, "3.3.22", ("expected_return_at",)),
    "A23": _none("delete patient record", "3.3.23", _DATABASE),
    "A24": _none("link patient information", "3.3.24", _RELATION),
    "A25": _cancel("cancel pending discharge", "3.3.25", "A16"),
    "A26": _cancel("cancel pending transfer", "3.3.26", "A15"),
    "A27": _cancel("cancel pending admit", "3.3.27", "A14"),
    "A28": Row("add person", Effect.DESCRIBE_PERSON, "3.3.28", note="never a stay: PV1 is ignored"),
    "A29": _none("delete person", "3.3.29", _DATABASE),
    "A30": _repair("merge person information", "3.3.30", _MERGE),
    "A31": Row("update person", Effect.DESCRIBE_PERSON, "3.3.31", note="never a stay: PV1 is ignored"),
    "A32": _none("cancel arriving, tracking", "3.3.32", _TRACKING),
    "A33": _none("cancel departing, tracking", "3.3.33", _TRACKING),
    "A34": _repair("merge patient, id only", "3.3.34", _MERGE),
    "A35": _repair("merge account, number only", "3.3.35", "the account of MRG-3 is the one of PID-18", *_ACCOUNTS),
    "A36": _repair("merge patient and account", "3.3.36", "MRG-1 to PID-3 and MRG-3 to PID-18", *_ACCOUNTS),
    "A37": _none("unlink patient information", "3.3.37", _RELATION),
    "A38": _cancel("cancel pre-admit", "3.3.38", "A05"),
    "A39": _repair("merge person, patient id", "3.3.39", _MERGE),
    "A40": _repair("merge patient, identifiers", "3.3.40", "MRG-1 is retired for PID-3; each PID/MRG group is one"),
    "A41": _repair("merge account", "3.3.41", "the account of MRG-3 is the one of PID-18", *_ACCOUNTS),
    "A42": _repair("merge visit", "3.3.42", "the visit of MRG-5 is the one of PV1-19", *_VISITS),
    "A43": _repair("move patient information", "3.3.43", "a number moves to another patient"),
    "A44": _repair("move account", "3.3.44", "an account was filed under the wrong patient", *_ACCOUNTS),
    "A45": _repair("move visit", "3.3.45", "a visit was filed under the wrong account or patient", *_VISITS),
    "A46": _repair("change patient id", "3.3.46", "PID-2 for MRG-4"),
    "A47": _repair("change identifiers", "3.3.47", "PID-3 for MRG-1"),
    "A48": _none("change alternate patient id", "3.3.48", "PID-4 tells nobody apart here"),
    "A49": _repair("change account number", "3.3.49", "PID-18 for MRG-3", *_ACCOUNTS),
    "A50": _repair("change visit number", "3.3.50", "PV1-19 for MRG-5", *_VISITS),
    "A51": _repair("change alternate visit id", "3.3.51", "PV1-50 for MRG-6", "PV1-50", "MRG-6"),
    "A52": _cancel("cancel leave of absence, out", "3.3.52", "A21"),
    "A53": _cancel("cancel leave of absence, back", "3.3.53", "A22", note="on leave again"),
    "A54": Row("change attending doctor", Effect.DOCTOR, "3.3.54", ("attending",)),
    "A55": _cancel("cancel change of attending doctor", "3.3.55", "A54"),
    "A56": _none("not assigned", "table 0003", _NO_MEANING),
    "A57": _none("not assigned", "table 0003", _NO_MEANING),
    "A58": _none("not assigned", "table 0003", _NO_MEANING),
    "A59": _none("not assigned", "table 0003", _NO_MEANING),
    "A60": _none("update adverse reactions", "3.3.56", "allergies are carried nowhere"),
    "A61": Row("change consulting doctor", Effect.DOCTOR, "3.3.57", ("consulting",)),
    "A62": _cancel("cancel change of consulting doctor", "3.3.58", "A61"),
}
"""The chapters are sections of HL7 v2.5.1 ch. 3."""

ACTING: Final = frozenset(trigger for trigger, row in TRIGGERS.items() if row.acts)
KEPT: Final = frozenset(trigger for trigger, row in TRIGGERS.items() if row.is_kept)
