"""`care trace`: the way of one patient or visit through all services, by ids and codes.

Looks into each service's database, as an operator may; the services themselves never do. A visit number is found by a
scan of the patients, which is for looking at one case, not for programs.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import typer
from rich.console import Console
from rich.tree import Tree

from care.running import run
from care.session import Session, session
from services.admissions.handlers import COLLECTION as PATIENTS
from services.discharge.handlers import COLLECTION as ENCOUNTERS
from services.followup.handlers import COLLECTION as TRANSITIONS
from services.followup.store import task_rows
from services.gateway.store import RAW
from services.notifier.handlers import DELIVERIES
from shared.mongo.client import away

Found = dict[str, Any]


def trace(
    what: str = typer.Argument(
        metavar="PATIENT_OR_VISIT", help="A visit number, an identifier of the patient (MRN), or one of our ids."
    ),
) -> None:
    """Show raw message → encounter → transition → tasks → each delivery, with times, states and reasons."""
    trees = run(trees_of(session(), what))
    if not trees:
        typer.secho("nobody and nothing is known by that; `care dlq list` shows what could not be read", err=True)
        raise typer.Exit(1)
    for tree in trees:
        Console().print(tree)


async def trees_of(here: Session, what: str) -> list[Tree]:
    """One tree a patient that `what` names."""
    return [await _tree(here, patient, what) for patient in await _patients(here, what)]


async def _patients(here: Session, what: str) -> list[Found]:
    """By patient id (an alias leads on), by encounter id or visit number, by a number of the patient."""
    patients = here.database("admissions")[PATIENTS]
    stays = {"$or": [{f"state.encounters.{what}": {"$exists": True}}, {"state.visits.key": what}]}
    with away():
        found: list[Found] = await patients.find({"_id": what}).to_list(1)
        alias = found[0]["state"].get("alias_of") if found else ""
        found = await patients.find({"_id": alias}).to_list(1) if alias else found
        found = found or await patients.find(stays).limit(5).to_list(5)
        return found or [row async for row in patients.find({}) if _claims(row, what)][:5]


def _claims(row: Found, what: str) -> bool:
    return any(claim.rsplit("|", 1)[-1].upper() == what.upper() for claim in row.get("claims", ()))


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
        branch.add(f"{fact['trigger']} occurred {fact['occurred']}  feed {feed}, control id {control_id}; {kept}")


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
