"""What must hold in the end of persons and stays: one person is one, and what was told of another does not stand."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from shared.schemas.encounters import EncounterEvent
from shared.schemas.patients import PatientEvent
from shared.stream.documents import Document
from tests.simulation.hospital import Stay

if TYPE_CHECKING:
    from tests.simulation.world import World

GONE = ("encounter.merged.v1", "encounter.moved.v1")
LASTING = ("encounter.registered.v1", "encounter.admitted.v1", "encounter.discharged.v1")
NOBODY = ("", "cancelled")


def of_identities(world: World, events: list[Any]) -> Iterator[str]:
    """Everything about numbers that is not as it must be. `events`: all of `care.encounters.v1`, each once."""
    yield from _documents(world)
    yield from _gone(world, events)
    yield from _named(world, events)
    yield from _all_said(world)


def encounter_of(world: World, stay: Stay, events: list[Any]) -> dict[str, Any] | str:
    """The encounter that the stay is to its hearers, or what is wrong with it."""
    gone = {event.envelope.subject for event in events if event.data.TYPE in GONE}
    found = [
        encounter
        for document in _patients(world)
        for encounter in document.state["encounters"].values()
        for visit in document.state["visits"]
        if visit["visit_id"] == encounter["anchor"] and visit["key"][-1] in stay.numbers
    ]
    alive: list[dict[str, Any]] = [one for one in found if one["encounter_id"] not in gone]
    standing = [one for one in alive if one["said"]["status"] not in NOBODY]
    if len(standing) > 1 or not alive:
        return f"{len(standing)} encounters stand of {len(found)}"
    return (standing or alive)[0]


def patient_id(world: World, number: str) -> str:
    """What a number is called to hearers, as its record says; "" where none has it."""
    records = (record for document in _patients(world) for record in document.state["records"])
    return next((record["patient_id"] for record in records if record["key"].endswith(f"|{number}")), "")


def _patients(world: World) -> list[Document]:
    return [one for one in world.documents["admissions"].stored.values() if one.collection == "patients"]


def _documents(world: World) -> Iterator[str]:
    """A number is in one document; an alias holds nothing and leads to one that does."""
    every = _patients(world)
    for kept in ("claims", "records"):
        held = [one if kept == "claims" else one["key"] for document in every for one in document.state[kept]]
        if len(held) != len(set(held)):
            yield f"one of the {kept} is in two documents"
    by_id = {document.id: document for document in every}
    for document in every:
        into = document.state["alias_of"]
        holds = document.claims or document.state["records"] or document.state["visits"] or document.next_alarm_at
        if into and (holds or into not in by_id):
            yield f"{document.id} is an alias and holds something, or leads nowhere"
    for person in {world.people.of(number) for number in (1, 2, 8, 9)}:
        keys = [f"|7700{number}" for number in person]
        homes = [one.id for one in every for record in one.state["records"] if record["key"].endswith(tuple(keys))]
        if len(set(homes)) > 1:
            yield f"one person is in {len(set(homes))} documents"


def _gone(world: World, events: list[Any]) -> Iterator[str]:
    """Of a stay that turned out to be another, or another's, nothing stands: not as said, and no work either."""
    for id_ in sorted({event.envelope.subject for event in events if event.data.TYPE in GONE}):
        mine = [event for event in events if event.envelope.subject == id_]
        withdrawn = {one.event_id for event in mine for one in event.data.withdraws}
        left = [one.envelope.id for one in mine if one.data.TYPE in LASTING and one.envelope.id not in withdrawn]
        if left:
            yield f"encounter {id_} is another's, and {len(left)} of what was said of it stand"
        for document in world.documents["followup"].stored.values():
            transition = document.state["transition"]
            is_open = any(record["task"]["status"] == "requested" for record in document.state["tasks"])
            if transition["encounter_id"] == id_ and (transition["status"] != "withdrawn" or is_open):
                yield f"encounter {id_} is another's, and its work is not called off"


def _named(world: World, events: list[Any]) -> Iterator[str]:
    """Under each key that was told of, what was said last of the person names who leads now."""
    told: dict[str, Any] = {}
    for event in events:
        if isinstance(event.data, PatientEvent):
            before = told.get(event.envelope.key)
            if before is None or before.envelope.sequence < event.envelope.sequence:
                told[event.envelope.key] = event
    in_use = {event.envelope.key for event in events if isinstance(event.data, EncounterEvent)}
    for number in (1, 2, 8, 9):
        keys = in_use & {patient_id(world, f"MR|7700{number}"), patient_id(world, f"PI|E{number}")}
        lead = patient_id(world, world.people.lead(world.people.of(number))) if keys else ""
        for key in keys - {lead}:
            if key not in told or told[key].data.patient.patient_id != lead:
                yield f"patient {number}: under one of its keys nobody was told who leads"


def _all_said(world: World) -> Iterator[str]:
    """Every number that a document gave to an event is on the log."""
    for stream, n in world.safety.numbered():
        if len(world.safety.said.get(stream, ())) != n:
            yield f"numbered {n} of {stream}, said {len(world.safety.said.get(stream, ()))}"
