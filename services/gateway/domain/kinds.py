"""What kind a message is that is stored and set aside: a word of a fixed list, for it is a metric's label."""

from __future__ import annotations

from typing import Final

from shared.hl7.er7 import Message

OTHER: Final = "other"
_ADT: Final = "ADT"
_CODES: Final = (
    "ACK ADR BAR DFT MCF MDM MFK MFN NMD OMG OML OMP ORL ORM ORR ORU OSQ OUL PPR QBP QRY RAS RDE RDS REF RGV RPA RQA "
    "RRA RRE RRI RSP SIU SQM SRM SSU UDM VXQ VXU"
)
"""Message codes of HL7 table 0076 that hospitals' engines send along with ADT."""
_KINDS: Final = frozenset(_CODES.split())


def set_aside_kind(message: Message) -> str:
    """Its code if it is no ADT message, `other` if that is not on the list; "" for ADT and for one without a code.

    One without a code, or with a damaged one, is not set aside: whoever hears it cannot read it.
    """
    code = message.code.strip().upper()
    if code in (_ADT, "") or message.is_damaged_adt:
        return ""
    return code if code in _KINDS else OTHER
