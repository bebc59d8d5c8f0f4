"""One aggregate that cannot be read does not stop the clock of all others, and is named by id and code alone."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

import pytest
from structlog.testing import capture_logs

from shared.alarm.sweeper import Alarms, Sweeper
from shared.stream.documents import Document
from shared.stream.memory import MemoryPublisher
from tests.contracts_suite.counting import T0
from tests.unit.alarm.test_alarm_clock import CONTEXT, HOUR, LIMITS, TIMERS, Ward, due_in

PLANTED = "Testperson, Ada"


def unreadable(state: dict[str, Any], until: datetime) -> Sequence[tuple[str, datetime]]:
    """As `due_in`; a state that a newer version wrote makes it raise, quoting the patient."""
    if "fault" in state:
        raise {"value": ValueError, "key": KeyError, "type": TypeError}[state["fault"]](PLANTED)
    return due_in(state, until)


class Mixed(Ward):
    """A ward whose alarms may be unreadable."""

    def a_sweeper(self, publisher: Any = None) -> Sweeper:
        alarms = Alarms("followup", TIMERS, "transitions", unreadable)
        publisher = publisher or MemoryPublisher(self.log)
        return Sweeper(alarms, self.documents, publisher, self.inputs, self.ledger, lambda: self.now, self.limits)

    async def keep_unreadable(self, id_: str, fault: str = "value", **context: str) -> None:
        state = {"due": (T0 - HOUR).isoformat(), "fault": fault} if fault else {"due": (T0 - HOUR).isoformat()}
        document = Document(
            "transitions", id_, "key-1", 0, state=state, next_alarm_at=T0 - 2 * HOUR, context={**CONTEXT, **context}
        )
        assert await self.documents.save([document]) == set()

    def subjects(self) -> list[str]:
        return sorted(record.header("ce_subject") for record in self.said())


@pytest.mark.parametrize("fault", ["value", "key", "type"])
async def test_sweep__an_unreadable_aggregate_does_not_stop_the_others(fault: str) -> None:
    ward = Mixed()
    await ward.keep("before", T0 - 3 * HOUR)
    await ward.keep_unreadable("broken", fault)
    await ward.keep("after", T0 - HOUR)
    assert await ward.pass_a_fence() == 2
    assert ward.subjects() == ["after", "before"]


async def test_sweep__an_unreadable_context_does_not_stop_the_others() -> None:
    """A mode that only a newer version knows."""
    ward = Mixed()
    await ward.keep_unreadable("broken", fault="", mode="rehearsal")
    await ward.keep("after", T0 - HOUR)
    assert await ward.pass_a_fence() == 1
    assert ward.subjects() == ["after"]


async def test_sweep__an_unreadable_aggregate_is_logged_by_id_and_code_only() -> None:
    ward = Mixed()
    await ward.keep_unreadable("broken")
    with capture_logs() as lines:
        await ward.pass_a_fence()
    [line] = [line for line in lines if line["event"] == "alarm_unreadable"]
    assert line["log_level"] == "error"
    assert (line["aggregate"], line["code"]) == ("broken", "ValueError")
    assert line["place"].startswith("unreadable:")
    assert set(line) == {"event", "log_level", "aggregate", "code", "place"}
    assert PLANTED not in repr(lines)


async def test_sweep__an_unreadable_aggregate_is_looked_at_once_a_lease() -> None:
    ward = Mixed()
    await ward.keep_unreadable("broken")
    with capture_logs() as lines:
        await ward.pass_a_fence()
        await ward.pass_a_fence()
        assert [line["event"] for line in lines].count("alarm_unreadable") == 1
        ward.wall += timedelta(seconds=LIMITS.lease + 1)
        await ward.pass_a_fence()
    assert [line["event"] for line in lines].count("alarm_unreadable") == 2


async def test_sweep__once_it_can_be_read_its_alarm_is_said() -> None:
    ward = Mixed()
    await ward.keep_unreadable("broken")
    assert await ward.pass_a_fence() == 0
    await ward.keep("broken", T0 - HOUR)
    assert await ward.pass_a_fence() == 1
    assert ward.subjects() == ["broken"]
