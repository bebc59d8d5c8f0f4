"""HL7 messages for the chain tests, written by hand. Their people do not exist."""

from __future__ import annotations


def adt(trigger: str, control_id: str, **changes: str) -> bytes:
    """An ADT message of a stay at NORTH; `changes` replace the values below."""
    facts = {
        "mrn": "770001",
        "family": "Chainperson",
        "given": "Ada",
        "birth": "19410506",
        "visit": "VCHAIN1",
        "pcp": "9000000001",
        "class": "I",
        "disposition": "01" if trigger == "A03" else "",
        "admitted": "20261030090000-0400",
        "discharged": "20261102003000-0500" if trigger in ("A03", "A13") else "",
        "recorded": "20261102004000-0500",
        "processing": "P",
        "extra": "",
        **changes,
    }
    pv1 = [""] * 46
    pv1[2], pv1[3], pv1[4] = facts["class"], "4W^401^1^NORTH", "E"
    pv1[7] = "ND001^Attend^Ann^^^^^^NORTH"
    pv1[19] = f"{facts['visit']}^^^NORTH^VN"
    pv1[36], pv1[44], pv1[45] = facts["disposition"], facts["admitted"], facts["discharged"]
    occurred = facts["discharged"] or facts["admitted"]
    segments = [
        f"MSH|^~\\&|ADT|NORTH|CARE|CARE|{facts['recorded']}||ADT^{trigger}|{control_id}|{facts['processing']}|2.5.1",
        f"EVN|{trigger}|{facts['recorded']}|||OP1|{occurred}",
        f"PID|1||{facts['mrn']}^^^NORTH^MR||{facts['family']}^{facts['given']}||{facts['birth']}|F",
        f"PD1||||{facts['pcp']}^Testoak^Olive^^^^^^NPI",
        "|".join(["PV1", *pv1[1:]]),
    ]
    if facts["extra"]:
        segments.append(facts["extra"])
    return "\r".join(segments).encode() + b"\r"
