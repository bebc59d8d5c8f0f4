"""`care trace`: the way of one patient or visit through all services, by ids and codes.

Looks into each service's database, as an operator may; the services themselves never do. A number is found by the raw
messages that have it (care/messages.py), so as long as one of them is kept; an id of ours always. Nothing is scanned.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import typer
from rich.console import Console
from rich.tree import Tree

from care.messages import found as found_messages
from care.messages import identity_secret, keys_of
from care.profiles import place_of, usable_at
from care.running import run
from care.selecting import Selection
from care.session import Session, session
from care.trace_tree import tree_of
from services.admissions.handlers import COLLECTION as PATIENTS
from services.admissions.handlers import handlers
from services.followup.handlers import COLLECTION as TRANSITIONS
from services.gateway.domain.saying import saying_of
from services.gateway.store import RAW, message_of
from services.notifier.handlers import SUBJECTS
from shared.mongo.client import away
from shared.mongo.documents import MongoDocuments
from shared.schemas.topics import ADT_INBOUND
from shared.stream.codec import Undecodable
from shared.stream.decisions import Fact, Handler, Refs, Refused, SetAside
from shared.stream.records import Heard

Found = dict[str, Any]
MESSAGES = 20
"""So many of the newest messages with a number are read to learn whose it is."""


def trace(
    what: str = typer.Argument(
        metavar="PATIENT_OR_VISIT",
        help="A visit number, an identifier of the patient (MRN), or any id of ours.",
    ),
) -> None:
    """Show raw message → encounter → transition → tasks → each delivery, with times, states and reasons."""
    trees = run(trees_of(session(), what))
    if not trees:
        typer.secho("nobody and nothing is known by that; `care dlq list` shows what could not be read.", err=True)
        typer.echo("A number is found while a raw message that has it is kept; one of our ids always.", err=True)
        raise typer.Exit(1)
    for tree in trees:
        Console().print(tree)


async def trees_of(here: Session, what: str) -> list[Tree]:
    """One tree a patient that `what` names."""
    return [await tree_of(here, patient, what) for patient in await _patients(here, what)]


async def _patients(here: Session, what: str) -> list[Found]:
    """By one of our ids, else by a number of the patient or the visit; each patient once."""
    found = await _by_id(here, what)
    return found or await _by_number(here, what)


async def _by_id(here: Session, what: str) -> list[Found]:
    """What is said of an encounter or a transition has the patient's id as its key, in whatever service keeps it."""
    with away():
        raw = await here.database("gateway")[RAW].find_one({"_id": what})
        kept = [
            await here.database("notifier")[SUBJECTS].find_one({"_id": what}, {"key": 1}),
            await here.database("followup")[TRANSITIONS].find_one({"_id": what}, {"key": 1}),
        ]
    found = await _leading(here, [what, *(row["key"] for row in kept if row)])
    return found or (await _of_messages(here, [raw]) if raw else [])


async def _leading(here: Session, ids: Sequence[str]) -> list[Found]:
    """The patients of these ids, each once; what was taken into another leads on to that one."""
    patients = here.database("admissions")[PATIENTS]
    found: dict[str, Found] = {}
    wanted, seen = set(ids), set[str]()
    while wanted:
        seen |= wanted
        with away():
            rows: list[Found] = await patients.find({"_id": {"$in": sorted(wanted)}}).to_list(len(wanted))
        aliases = {row["_id"]: row["state"].get("alias_of", "") for row in rows}
        found |= {row["_id"]: row for row in rows if not aliases[row["_id"]]}
        wanted = {alias for alias in aliases.values() if alias} - seen
    return list(found.values())


async def _by_number(here: Session, what: str) -> list[Found]:
    """Whose messages have that number: they are read as admissions reads them, which names the patients they are of."""
    gateway = here.database("gateway")
    rows = [
        row
        for meant in (Selection(visit=what), Selection(mrn=what))
        for row in await found_messages(gateway[RAW], meant, await keys_of(here, gateway, meant), MESSAGES)
    ]
    return await _of_messages(here, rows) if rows else []


async def _of_messages(here: Session, rows: Sequence[Found]) -> list[Found]:
    """The patients that these raw messages are about, as admissions reads them."""
    handler = handlers(usable_at(place_of(here.settings)), identity_secret(here))[ADT_INBOUND.name]
    refs = [refs for row in rows for refs in _refs_of(handler, row)]
    return await _leading(here, [one.id for one in await MongoDocuments(here.database("admissions")).load(refs)])


def _refs_of(handler: Handler, row: Found) -> tuple[Refs, ...]:
    """The documents that a stored message is about; none for one that is not heard."""
    said = saying_of(message_of(row))
    try:
        read = handler.read(Heard(said.topic, 0, 0, said.key, said.value, said.headers))
    except (Refused, SetAside, Undecodable):
        return ()
    facts = (read,) if isinstance(read, Fact) else read or ()
    return tuple(refs for fact in facts for refs in fact.refs)
