"""docs/lifecycles.md: how things may move, drawn from the transition tables that the services go by.

Each table has its own shape, so each has its own reader here; a service whose lifecycle has none is refused.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Final, NamedTuple

from generator.pages import code, first_line, page, table
from services.admissions.domain import lifecycle as admissions
from services.discharge.domain import lifecycle as discharge
from services.followup.domain import lifecycle as followup

INTRODUCTION: Final = """
What is not in a table does not happen: it is refused, or has an outcome of its own name. Diagrams and tables are two
views of the same data.
"""


class Arrow(NamedTuple):
    """One move, and what to note of it."""

    before: str
    because: str
    after: str
    note: str = ""


class Lifecycle(NamedTuple):
    """One table as arrows. `starts` is where a thing comes from."""

    title: str
    remark: str
    heads: tuple[str, str, str, str]
    starts: str
    arrows: tuple[Arrow, ...]


BACK: Final = "the stage before"


def _admissions() -> Lifecycle:
    arrows = tuple(arrow for (stage, trigger) in admissions.TRANSITIONS for arrow in _fact(stage, trigger))
    remark = (
        "A hospital stay, as its ADT messages tell it (HL7 v2.5.1 ch. 3). A cancel leads back to where the stay was "
        "before the fact that it takes back; a stay whose beginning is cancelled never was."
    )
    return Lifecycle("admissions: a stay", remark, ("Stage", "Trigger", "Then", "Outcome"), "inferred", arrows)


def _fact(stage: admissions.Stage, trigger: str) -> list[Arrow]:
    """One arrow, or for a cancel that may leave nothing behind two."""
    move = admissions.TRANSITIONS[stage, trigger]
    then = move.stage.value if move.stage else BACK
    arrows = [Arrow(stage.value, str(trigger), then, move.outcome.value)]
    never, outcome = admissions.step(stage, trigger, admissions.Stage.INFERRED)
    if move.stage is None and never is admissions.Stage.CANCELLED:
        arrows.append(Arrow(stage.value, str(trigger), never.value, f"{outcome.value}, and nothing was before"))
    return arrows


def _discharge() -> Lifecycle:
    arrows = tuple(
        Arrow(before, said.TYPE, after, first_line(said)) for (before, after), said in discharge.SAYS.items()
    )
    remark = "A transition of care: what stood, what stands, and the event that tells the difference."
    return Lifecycle("discharge: a transition", remark, ("Stood", "Says", "Stands", "Meaning"), "none", arrows)


def _followup() -> Lifecycle:
    arrows = tuple(
        Arrow(before, fact, after, _alarm(before, fact) or f"FHIR {followup.FHIR_STATUS[after]}")
        for before, moves in followup.TRANSITIONS.items()
        for fact, after in moves.items()
    )
    remark = "One task. A task that was done stays done; the clock climbs planned, due, overdue, escalated by alarms."
    return Lifecycle("followup: a task", remark, ("Business status", "Fact", "Then", "Note"), "planned", arrows)


def _alarm(before: str, fact: str) -> str:
    waits = {status: alarm for status, alarm in followup.ALARMS.items() if status == before}
    return next((f"alarm at `{field}`" for name, field in waits.values() if name == fact), "")


READERS: Final[Mapping[str, Callable[[], Lifecycle]]] = {
    "admissions": _admissions,
    "discharge": _discharge,
    "followup": _followup,
}


def lifecycles_page(services: Path) -> str:
    """The page; raises LookupError for a lifecycle that cannot be drawn."""
    there = sorted(file.parent.parent.name for file in services.glob("*/domain/lifecycle.py"))
    unread = [service for service in there if service not in READERS]
    if unread:
        raise LookupError(f"docs/generator/lifecycles.py has no reader for the lifecycle of {', '.join(unread)}")
    return page("Lifecycles", INTRODUCTION, *(_section(service, READERS[service]()) for service in there))


def _section(service: str, life: Lifecycle) -> str:
    source = f"[services/{service}/domain/lifecycle.py](../services/{service}/domain/lifecycle.py)"
    rows = [(code(a.before), code(a.because), code(a.after) if a.after != BACK else BACK, a.note) for a in life.arrows]
    return "\n\n".join([f"## {life.title}", f"{life.remark} From {source}.", _diagram(life), table(life.heads, rows)])


def _diagram(life: Lifecycle) -> str:
    """Mermaid; arrows between the same two states share one line, BACK is a note."""
    joined: dict[tuple[str, str], list[str]] = {}
    for arrow in life.arrows:
        joined.setdefault((arrow.before, arrow.after), []).append(arrow.because)
    lines = [f"    [*] --> {_id(life.starts)}"]
    for (before, after), causes in joined.items():
        target = f"{_id(before)}_back" if after == BACK else _id(after)
        lines.append(f"    {_id(before)} --> {target} : {', '.join(causes)}")
    return "\n".join(["```mermaid", "stateDiagram-v2", *_names(joined), *lines, "```"])


def _names(joined: Iterable[tuple[str, str]]) -> list[str]:
    """Identifiers of mermaid take no hyphen, so each state is declared with the name it has."""
    pairs = list(joined)
    names = dict.fromkeys(state for pair in pairs for state in pair if state != BACK)
    declared = [f'    state "{name}" as {_id(name)}' for name in names]
    backs = [f'    state "{BACK}" as {_id(before)}_back' for before, after in pairs if after == BACK]
    return declared + backs


def _id(state: str) -> str:
    return "at_" + state.replace("-", "_")
