"""`care identity`: who is who, where a person has to look, and saying what was found.

Patients and stays are named by our ids. Numbers, names and dates of birth are shown nowhere here: look the ids up where
you may see whose they are. A command is obeyed when admissions hears it; one that it refuses is a dead letter.
"""

from __future__ import annotations

import re
from datetime import datetime
from typing import Any, Final

import typer
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from care.identity_lists import journal_of, records_of, reviews_of
from care.look_alikes import LookAlikes, lines_of, look_alikes, table_of
from care.publishing import ActorOption, actor_of, event, say
from care.running import run
from care.session import Session, business_time, session
from services.admissions.domain import journal
from services.admissions.domain.model import Patient
from services.admissions.domain.reviews import evidence
from services.admissions.handlers import COLLECTION
from shared.mongo.client import away
from shared.schemas.commands import DecideIdentity, IdentityCommand, SettleReview, UndoRepair
from shared.schemas.envelope import derived_id

app = typer.Typer(help="Who is who: what to look at, and deciding it.", no_args_is_help=True)

REASON: Final = re.compile(r"[a-z][a-z0-9-]{2,63}")
ReasonOption = typer.Option(help="A code: spoken-to-registration, registered-twice, birth-date-corrected ...")
_MOST: Final = 200


@app.command("review")
def review(limit: int = typer.Option(_MOST, "--limit", min=1, help="Documents and pairs to look at, at most.")) -> None:
    """List what a person should look at, and who may be one person.

    Identities in doubt, stays told of the wrong patient, moves that cannot be; then pairs of patients who look alike:
    the same birth date, sex and beginning of the family name, or birth date and telephone, or name and postal code.
    """
    found, alike = run(_to_look_at(session(), limit))
    console = Console(width=max(Console().width, 160))
    table = Table("document", "what", "patient or encounter", box=None)
    for one in reviews_of(found):
        table.add_row(*one)
    console.print(table if found else "nothing to look at" if not alike.pairs else "nobody in doubt")
    if alike.pairs:
        console.print(table_of(alike.pairs[:limit]))
    for line in lines_of(alike, limit):
        typer.echo(line)


async def _to_look_at(here: Session, limit: int) -> tuple[list[Patient], LookAlikes]:
    return await _find(here, {"state.reviews.code": {"$gt": ""}}, limit), await look_alikes(here)


@app.command("show")
def show(document: str = typer.Argument(help="A patient id.")) -> None:
    """List the patients of one document and the journal of its repairs."""
    patient = _one(session(), document)
    table = Table("patient", "numbers", "since", box=None)
    for record in patient.records:
        table.add_row(record.patient_id, str(1 + len(record.beside)), record.first[:16])
    console = Console(width=max(Console().width, 160))
    console.print(table)
    entries = Table("repair", "what", "whose", "at", "by", "stands", box=None)
    for one in journal_of(patient):
        stands = "yes" if one.stands else "no"
        what, whose, by = (escape(word) for word in (one.what, one.whose, one.by))
        entries.add_row(one.repair_id, what, whose, f"{one.at:%Y-%m-%d %H:%MZ}", by, stands)
    console.print(entries if patient.repairs else "no repairs")


@app.command("same")
def same(one: str, other: str, reason: str = ReasonOption, actor: str = ActorOption) -> None:
    """Say that two patients are one person. Outweighs every rule; the last word about a pair counts."""
    _decide("same", (one, other), reason, actor)


@app.command("different")
def different(one: str, other: str, reason: str = ReasonOption, actor: str = ActorOption) -> None:
    """Say that two patients are two persons, whatever joined them."""
    _decide("different", (one, other), reason, actor)


@app.command("settle")
def settle(
    document: str = typer.Argument(help="The document, as `review` prints it."),
    code: str = typer.Argument(help="What it is, as `review` prints it."),
    about: str = typer.Argument(help="The patient or encounter, as `review` prints it."),
    reason: str = ReasonOption,
    actor: str = ActorOption,
) -> None:
    """Say that somebody looked and there is nothing to do. Another birth date or sex opens it again; so does `undo`."""
    here = session()
    patient = _one(here, document)
    open_ = {(one.code, one.ref or patient.patient_id): one.ref for one in patient.reviews}
    if (code, about) not in open_:
        raise typer.BadParameter("no such review is open there; `care identity review` lists them")
    now = business_time(here)
    word = _word(derived_id("settle", code, about, now.isoformat()), reason, actor)
    ref = open_[code, about]
    seen = evidence(patient, code, ref)
    command = SettleReview(document=patient.patient_id, code=code, about=ref, seen=seen, **word)
    _say(here, command, patient.patient_id, now)
    typer.echo(f"said: {code} of {about} is settled ({reason})")


@app.command("undo")
def undo(
    document: str = typer.Argument(help="The patient id under which `show` lists it."),
    repair: str = typer.Argument(help="The id of the repair, as `show` prints it."),
    reason: str = ReasonOption,
    actor: str = ActorOption,
) -> None:
    """Say that a merge, move, renaming, verdict or settling is not to count. Sent again later it counts again."""
    here = session()
    patient = _one(here, document)
    if repair not in {one.repair_id for one in journal.standing(patient.repairs)}:
        raise typer.BadParameter("no such repair stands there; `care identity show` lists them")
    now = business_time(here)
    word = _word(derived_id("undo", repair, now.isoformat()), reason, actor)
    _say(here, UndoRepair(document=patient.patient_id, repair_id=repair, **word), patient.patient_id, now)
    typer.echo(f"said: repair {repair} is not to count ({reason})")


def _decide(verdict: Any, ids: tuple[str, str], reason: str, actor: str) -> None:
    here = session()
    if ids[0] == ids[1]:
        raise typer.BadParameter("one patient is one person; name two")
    found = run(_find(here, {"$or": [{"_id": {"$in": [*ids]}}, {"state.records.patient_id": {"$in": [*ids]}}]}, 4))
    try:
        records, documents = records_of(found, ids)
    except KeyError as nobody:
        raise typer.BadParameter(f"no patient with a number has the id {nobody.args[0]}") from None
    now = business_time(here)
    word = _word(derived_id(verdict, *ids, now.isoformat()), reason, actor)
    _say(here, DecideIdentity(documents=documents, records=records, verdict=verdict, **word), documents[0], now)
    typer.echo(f"said: {ids[0]} and {ids[1]} are {'one person' if verdict == 'same' else 'two persons'} ({reason})")


def _word(command_id: str, reason: str, actor: str) -> dict[str, Any]:
    if not REASON.fullmatch(reason):
        raise typer.BadParameter(
            "a code of lower-case letters, digits and hyphens, no free text", param_hint="--reason"
        )
    return {"command_id": command_id, "actor": actor_of(actor), "reason": reason}


def _say(here: Session, command: IdentityCommand, document: str, now: datetime) -> None:
    run(say(here, [event(command, id_=command.command_id, subject=document, key=document, now=now)]))


def _one(here: Session, document: str) -> Patient:
    """The document of an id; what was united with another leads on to that one."""
    seen: set[str] = set()
    while document and document not in seen:
        seen.add(document)
        for patient in run(_find(here, {"_id": document}, 1)):
            if not patient.alias_of:
                return patient
            document = patient.alias_of
    raise typer.BadParameter(f"no patient has the id {document}")


async def _find(here: Session, query: dict[str, Any], limit: int) -> list[Patient]:
    with away():
        rows = await here.database("admissions")[COLLECTION].find(query, {"state": 1}).to_list(limit)
    return [Patient.model_validate(row["state"]) for row in rows if row["state"]]
