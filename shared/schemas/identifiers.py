"""Who and what things are: an identifier is never a bare string.

Local doctor 12345 of two hospitals is two people until a trusted authority says otherwise, so every identifier carries
the authority that assigned it (HL7 v2.5.1 ch. 2A CX/XCN; FHIR R4 Identifier) and its type (HL7 table 0203).
"""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict


class Contract(BaseModel):
    """What every model on the wire is: frozen, and tolerant of fields a newer sender adds."""

    model_config = ConfigDict(frozen=True, extra="ignore")


class Command(BaseModel):
    """What a person or program asks of us: frozen, and refused when it holds a field we do not know."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class Identifier(Contract):
    """`value` as sent, `assigner` the authority it is unique in ("" unknown), `type` of HL7 table 0203 ("" unknown)."""

    value: str
    assigner: str = ""
    type: str = ""
