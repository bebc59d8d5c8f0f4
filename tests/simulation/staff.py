"""The people around: the directory they stand in, and the work they report as done."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

from shared.schemas.commands import CompleteTask
from shared.schemas.directory import Channel, DirectoryEntrySet
from shared.schemas.envelope import TYPE_PREFIX, Envelope, Event, EventData, derived_id
from shared.schemas.identifiers import Identifier
from shared.stream.codec import encode

if TYPE_CHECKING:
    from tests.simulation.world import World

PCP = "pcp-1"


def _entry(entry_id: str, **more: Any) -> DirectoryEntrySet:
    channels = (Channel(kind="email", address=f"{entry_id}@example.org"),)
    return DirectoryEntrySet(entry_id=entry_id, version=1, name="Testoak", channels=channels, **more)


ENTRIES = (
    _entry(PCP, identifiers=(Identifier(value="9000000001", assigner="NPI", type="NPI"),)),
    _entry("attending-1", identifiers=(Identifier(value="ND001", assigner="NORTH", type="DN"),)),
    _entry("coordinator-1", program_roles=("coordinator",), facilities=("NORTH",)),
    _entry("supervisor-1", program_roles=("supervisor",), facilities=("NORTH",)),
)


def _event(world: World, data: EventData, id_: str, key: str) -> Event:
    envelope = Envelope(
        id=id_, source="sim", type=TYPE_PREFIX + data.TYPE, subject=key, time=world.business, key=key, tenant="sim"
    )
    return Event(envelope, data)


async def load_directory(world: World) -> None:
    """`care directory load`."""
    for entry in ENTRIES:
        event = _event(world, entry, derived_id("directory", entry.entry_id), f"sim|{entry.entry_id}")
        await world.log.append(encode(event, entry.TOPIC))


async def complete_one(world: World) -> None:
    """Somebody reports one open task as done; perhaps twice, perhaps of a list that is old by now."""
    documents = world.documents["followup"].stored.values()
    open_ = [
        (document, record["task"]["task_id"])
        for document in documents
        for record in document.state.get("tasks", ())
        if record["task"]["status"] == "requested"
    ]
    if not open_:
        return
    document, task_id = world.rng.choice(open_)
    command = CompleteTask(
        command_id=derived_id("command", len(world.commands)),
        transition_id=document.id,
        task_id=task_id,
        actor=Identifier(value="nurse-1", assigner="sim"),
        performed_at=world.business,
    )
    world.commands[command.command_id] = command
    saying = encode(_event(world, command, command.command_id, document.key), command.TOPIC)
    await asyncio.sleep(world.rng.random())
    for _ in range(2 if world.rng.random() < 0.3 else 1):
        await world.log.append(saying)
