"""The simulated hospital's messages as HL7 v2 text: who, which visit, and what a repair says of the numbers."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

MONDAY = datetime(2026, 11, 2, 12, 0, tzinfo=UTC)
WARD = "4W"


@dataclass
class Message:
    """One message. `sent_at` is when it comes to our door, which need not be in order.

    `under`: the number of the patient in PID; `split`: one of the patient's two numbers only, so that it travels in
    another partition. `other`: the patient in MRG. `ward`: PV1-3, "" where nothing is said of it. `former`: the number
    of the visit or account in MRG, where that is not the one of PV1-19 or PID-18. `swaps`: the other half of an A17,
    which `is_half` and is not sent by itself.
    """

    trigger: str
    control_id: str
    recorded: datetime
    happened: datetime
    detail: str
    body: bytes = b""
    split: bool = False
    sent_at: datetime = MONDAY
    under: int = 1
    other: int = 0
    visit: str = ""
    account: str = ""
    class_: str = ""
    ward: str = WARD
    discharged: datetime | None = None
    former: str = ""
    swaps: Message | None = None
    is_half: bool = False

    def later(self, by: timedelta) -> None:
        """The same, recorded and sent as much later."""
        self.recorded, self.happened, self.sent_at = self.recorded + by, self.happened + by, self.sent_at + by
        self.discharged = self.discharged and self.discharged + by


def stamp(moment: datetime) -> str:
    return moment.strftime("%Y%m%d%H%M%S+0000")


def phone_of(message: Message) -> str:
    """Another one in each message, so that it shows who had the last word: the one that was recorded last."""
    return f"555-{message.recorded:%d%H%M%S}"


def written(message: Message) -> bytes:
    """The text."""
    at, happened = stamp(message.recorded), stamp(message.happened)
    lines = [
        f"MSH|^~\\&|ADT|NORTH|CARE|CARE|{at}||ADT^{message.trigger}|{message.control_id}|P|2.5.1",
        f"EVN|{message.trigger}|{at}||||{'' if message.trigger == 'A12' else happened}",
        _pid(message),
        "PD1||||9000000001^Testoak^Olive^^^^^^NPI",
    ]
    if message.other:
        lines.append(_mrg(message))
        if message.visit:
            lines.append("|".join(["PV1", "1", *[""] * 17, f"{message.visit}^^^NORTH^VN"]))
    else:
        lines.append(_pv1(message))
    if message.swaps:
        lines += [_pid(message.swaps), _pv1(message.swaps)]
    return "\r".join(lines).encode() + b"\r"


def _numbers(patient: int) -> tuple[str, str]:
    return f"E{patient}^^^NORTH^PI", f"7700{patient}^^^NORTH^MR"


def _pid(message: Message) -> str:
    pid = [""] * 31
    numbers = _numbers(message.under)
    pid[1], pid[3] = "1", numbers[0] if message.split else "~".join(numbers)
    pid[5], pid[7], pid[8] = "Simperson^Ada", "19410506", "F"
    pid[13] = phone_of(message)
    pid[18] = f"{message.account}^^^NORTH" if message.account else ""
    if message.detail == "dead":
        pid[29], pid[30] = stamp(message.happened), "Y"
    return "|".join(["PID", *pid[1:]])


def _mrg(message: Message) -> str:
    """MRG-1, MRG-3 of an account that is moved, MRG-5 of a visit."""
    account = f"{message.former or message.account}^^^NORTH" if message.account else ""
    visit = f"{message.former or message.visit}^^^NORTH" if message.visit else ""
    return "|".join(["MRG", "~".join(reversed(_numbers(message.other))), "", account, "", visit])


def _pv1(message: Message) -> str:
    pv1 = [""] * 46
    pv1[1], pv1[2], pv1[4], pv1[7] = "1", message.class_, "E", "ND001^Attend^Ann^^^^^^NORTH"
    pv1[3] = f"{message.ward}^401^1^NORTH" if message.ward else ""
    pv1[19] = f"{message.visit}^^^NORTH^VN" if message.visit else ""
    pv1[36] = message.detail if message.trigger == "A03" else ""
    pv1[45] = stamp(message.discharged) if message.discharged else ""
    return "|".join(["PV1", *pv1[1:]])
