"""What `care trace` shows of one patient: a tree of ids, codes, times, states and reasons, and nothing else."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from rich.markup import escape
from rich.tree import Tree

from care.identity_lists import journal_of
from care.messages import trigger_of
from care.session import Session
from services.admissions.domain.model import Patient, Source
from services.discharge.handlers import COLLECTION as ENCOUNTERS
from services.followup.handlers import COLLECTION as TRANSITIONS
from services.followup.store import task_rows
from services.gateway.store import RAW
from services.notifier.handlers import DELIVERIES
from shared.mongo.client import away

Found = dict[str, Any]


async def tree_of(here: Session, patient: Found, what: str) -> Tree:
    """Everything that is known of a patient's document (`state`), or of the one stay that `what` names."""
    state = patient["state"]
    tree = Tree(f"[bold]patient[/] {state['patient_id']}  tenant {state['tenant']}")
    for review in state["reviews"]:
        tree.add(f"[yellow]review[/] {review['code']} {review['ref']}")
    for one in journal_of(Patient.model_validate(state)):
        counts = "" if one.stands else ", which does not count"
        what = escape(f"{one.what}: {one.whose}  by {one.by}")
        tree.add(f"[bold]repair[/] {what}, {one.at:%Y-%m-%d %H:%M}Z{counts}")
    await _add_last_words(here, tree, Patient.model_validate(state))
    visits = {visit["visit_id"]: visit for visit in state["visits"]}
    every = list(state["encounters"].values())
    for encounter in _chosen(every, visits, what):
        await _add_encounter(here, tree, encounter, visits[encounter["anchor"]], _now(encounter, every))
    return tree


def _now(encounter: Found, every: Iterable[Found]) -> str:
    """The encounter that a stay is now, of one that was told of another patient and taken back, else ""."""
    others = (e for e in every if e["anchor"] == encounter["anchor"] and e["said"]["status"] not in ("", "cancelled"))
    taken_back = encounter["said"]["status"] == "cancelled"
    return next((e["encounter_id"] for e in others), "") if taken_back else ""


def _chosen(every: list[Found], visits: Mapping[str, Found], what: str) -> list[Found]:
    named = [e for e in every if e["encounter_id"] == what or what in visits[e["anchor"]]["key"]]
    return named or every


async def _add_encounter(here: Session, tree: Tree, encounter: Found, visit: Found, now: str) -> None:
    id_ = encounter["encounter_id"]
    said = encounter["said"]
    stands = f"taken back, the stay is encounter {now}" if now else f"stands {encounter['stage']}"
    branch = tree.add(f"[bold]encounter[/] {id_}  {said['status'] or 'nothing said'}, {stands}")
    if not now:
        await _add_messages(here, branch, visit["facts"])
    for event in said["standing"]:
        branch.add(f"said {event['type']}  {event['event_id']}")
    await _add_transitions(here, branch, id_)
    await _add_deliveries(here, branch, id_)


async def _add_messages(here: Session, branch: Tree, facts: list[Found]) -> None:
    messages = here.database("gateway")[RAW]
    for fact in sorted(facts, key=lambda fact: fact["occurred"]):
        raw = await _raw(messages, fact["source"])
        branch.add(f"{fact['trigger']} occurred {fact['occurred']}  {_named(fact['source'], raw)}")


async def _add_last_words(here: Session, tree: Tree, patient: Patient) -> None:
    """The messages that begin, end and move nothing (A08, A28, A31 ...), of which something stands."""
    messages = here.database("gateway")[RAW]
    for at, source in last_words(patient):
        raw = await _raw(messages, source)
        trigger = f"{trigger_of(raw)} " if raw else ""
        tree.add(f"{trigger}has the last word on a field, recorded {at}  {_named(source, raw)}")


def last_words(patient: Patient) -> list[tuple[str, Source]]:
    """When recorded, and which: the messages that a register is of and that are no fact of a visit; oldest first."""
    facts = {fact.source for visit in patient.visits for fact in visit.facts}
    kept = [record.registers for record in patient.records] + [visit.registers for visit in patient.visits]
    stamps = {register.stamp for registers in kept for register in registers.values()}
    said = [(stamp.split("|", 1)[0], _source_of(stamp)) for stamp in sorted(stamps)]
    return [(at, source) for at, source in dict.fromkeys(said) if source not in facts]


def _source_of(stamp: str) -> Source:
    """Feed, control id, hash; a control id may hold anything."""
    _, _, feed, rest = stamp.split("|", 3)
    control_id, _, digest = rest.rpartition("|")
    return feed, control_id, digest


async def _raw(messages: Any, source: Sequence[str]) -> Found | None:
    feed, control_id, digest = source
    with away():
        found = [row async for row in messages.find({"feed": feed, "control_id": control_id})]
    return next((row for row in found if row["sha256"].startswith(digest)), None)


def _named(source: Sequence[str], raw: Found | None) -> str:
    kept = f"raw {raw['_id']}, received {raw['received_at']:%Y-%m-%d %H:%M:%S}Z" if raw else "raw message expired"
    return f"feed {source[0]}, control id {escape(source[1])}; {kept}"


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
