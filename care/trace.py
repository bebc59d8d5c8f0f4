"""`care trace`: the way of one patient or visit through all services, by ids and codes.

Looks into each service's database, as an operator may; the services themselves never do. A number is found by the raw
messages that have it (care/messages.py), so as long as one of them is kept; an id of ours always. Nothing is scanned.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import typer
from rich.console import Console
from rich.markup import escape
from rich.tree import Tree

from care.messages import Selection, identity_secret, keys_of
from care.messages import found as found_messages
from care.profiles import place_of, profiles_at
from care.running import run
from care.session import Session, session
from services.admissions.handlers import COLLECTION as PATIENTS
from services.admissions.handlers import handlers
from services.discharge.handlers import COLLECTION as ENCOUNTERS
from services.followup.handlers import COLLECTION as TRANSITIONS
from services.followup.store import task_rows
from services.gateway.domain.saying import saying_of
from services.gateway.store import RAW, message_of
from services.notifier.handlers import DELIVERIES, SUBJECTS
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
        metavar="PATIENT_OR_VISIT", help="A visit number, an identifier of the patient (MRN), or one of our ids."
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
    return [await _tree(here, patient, what) for patient in await _patients(here, what)]


async def _patients(here: Session, what: str) -> list[Found]:
    """By one of our ids, else by a number of the patient or the visit; each patient once."""
    found = await _by_id(here, what)
    return found or await _by_number(here, what)


async def _by_id(here: Session, what: str) -> list[Found]:
    """What is said of an encounter or a transition has the patient's id as its key, in whatever service keeps it."""
    with away():
        kept = [
            await here.database("notifier")[SUBJECTS].find_one({"_id": what}, {"key": 1}),
            await here.database("followup")[TRANSITIONS].find_one({"_id": what}, {"key": 1}),
        ]
    return await _leading(here, [what, *(row["key"] for row in kept if row)])


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
    if not rows:
        return []
    handler = handlers(profiles_at(place_of(here.settings)), identity_secret(here))[ADT_INBOUND.name]
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


async def _tree(here: Session, patient: Found, what: str) -> Tree:
    state = patient["state"]
    tree = Tree(f"[bold]patient[/] {state['patient_id']}  tenant {state['tenant']}")
    for review in state["reviews"]:
        tree.add(f"[yellow]review[/] {review['code']} {review['ref']}")
    visits = {visit["visit_id"]: visit for visit in state["visits"]}
    for encounter in _chosen(state["encounters"].values(), visits, what):
        await _add_encounter(here, tree, encounter, visits[encounter["anchor"]])
    return tree


def _chosen(encounters: Iterable[Found], visits: Mapping[str, Found], what: str) -> list[Found]:
    every = list(encounters)
    named = [e for e in every if e["encounter_id"] == what or what in visits[e["anchor"]]["key"]]
    return named or every


async def _add_encounter(here: Session, tree: Tree, encounter: Found, visit: Found) -> None:
    id_ = encounter["encounter_id"]
    said = encounter["said"]
    branch = tree.add(f"[bold]encounter[/] {id_}  {said['status'] or 'nothing said'}, stands {encounter['stage']}")
    await _add_messages(here, branch, visit["facts"])
    for event in said["standing"]:
        branch.add(f"said {event['type']}  {event['event_id']}")
    await _add_transitions(here, branch, id_)
    await _add_deliveries(here, branch, id_)


async def _add_messages(here: Session, branch: Tree, facts: list[Found]) -> None:
    messages = here.database("gateway")[RAW]
    for fact in sorted(facts, key=lambda fact: fact["occurred"]):
        feed, control_id, digest = fact["source"]
        with away():
            found = [row async for row in messages.find({"feed": feed, "control_id": control_id}, {"body": 0})]
        raw = next((row for row in found if row["sha256"].startswith(digest)), None)
        kept = f"raw {raw['_id']}, received {raw['received_at']:%Y-%m-%d %H:%M:%S}Z" if raw else "raw message expired"
        branch.add(
            f"{fact['trigger']} occurred {fact['occurred']}  feed {feed}, control id {escape(control_id)}; {kept}"
        )


async def _add_transitions(here: Session, branch: Tree, encounter_id: str) -> None:
    with away():
        found = await here.database("discharge")[ENCOUNTERS].find_one({"_id": encounter_id})
        tasks = here.database("followup")[TRANSITIONS].find({"state.transition.encounter_id": encounter_id})
        states = {row["_id"]: row["state"] async for row in tasks}
    state = (found or {}).get("state") or {}
    if state.get("not_opened"):
        branch.add(f"no transition: {state['not_opened']['pathway']}, {state['not_opened']['reason']}")
    for record in state.get("transitions", ()):
        transition = record["transition"]
        line = f"[bold]transition[/] {transition['transition_id']}  {transition['status']} {transition['reason']}"
        sub = branch.add(f"{line.rstrip()}, pathway {transition['pathway']} v{transition['pathway_version']}")
        for row in task_rows([states[i] for i in [transition["transition_id"]] if i in states], open_only=False):
            sub.add(f"task {row.code}: {row.business_status} {row.reason}".rstrip() + f", due {row.due_text}")


async def _add_deliveries(here: Session, branch: Tree, encounter_id: str) -> None:
    deliveries = here.database("notifier")[DELIVERIES]
    with away():
        rows = [row async for row in deliveries.find({"encounter_id": encounter_id}).sort("decided_at", 1)]
    for row in rows:
        line = (
            f"[bold]delivery[/] {row['tells']} → {row['recipient'] or row['role']} by {row['channel'] or 'no channel'}"
        )
        tail = f"{row['status']} {row['reason']}".strip()
        branch.add(f"{line}: {tail}, attempts {row['attempts']}")
