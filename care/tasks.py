"""`care task list|complete|cancel`: what must still be done after a discharge, and saying that it was."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import Any

import typer
from rich.console import Console
from rich.table import Column, Table

from care.publishing import ActorOption, actor_of, event, say
from care.running import run
from care.session import Session, session
from services.followup.domain.commands import REASON
from services.followup.handlers import COLLECTION
from services.followup.store import OPEN_TASKS, TaskRow, task_rows
from shared.clock import business_clock
from shared.mongo.client import away
from shared.schemas.commands import CancelTask, CompleteTask
from shared.schemas.envelope import derived_id

app = typer.Typer(help="The work that follows a discharge: list it, complete it, call it off.", no_args_is_help=True)


async def _documents(at: Session, query: dict[str, Any], limit: int) -> list[dict[str, Any]]:
    with away():
        rows: list[dict[str, Any]] = await at.database("followup")[COLLECTION].find(query).to_list(limit)
    return rows


@app.command("list")
def list_tasks(
    every: bool = typer.Option(False, "--all", help="Also what is done or called off."),
    limit: int = typer.Option(1000, help="Transitions to look at, at most."),
) -> None:
    """List open tasks, the earliest due first. Times are local to the facility."""
    query = {} if every else dict(OPEN_TASKS)
    documents = run(_documents(session(), query, limit))
    rows = task_rows([d["state"] for d in documents if d["state"]], open_only=not every)
    table = Table(*(Column(name, no_wrap=True) for name in ("task", "what", "stands", "due", "pathway")), box=None)
    for row in rows:
        table.add_row(row.task_id, row.code, row.business_status, row.due_text, row.pathway)
    Console(width=max(Console().width, 130)).print(table if rows else "no tasks")


@app.command("complete")
def complete(
    task: str = typer.Argument(help="The task's id, as `care task list` prints it."),
    at: str = typer.Option("", help="When it was done, ISO 8601 with offset. Default: now."),
    actor: str = ActorOption,
) -> None:
    """Say that a task was done."""
    here = session()
    now = _now(here)
    when = datetime.fromisoformat(at) if at else now
    if when.tzinfo is None:
        raise typer.BadParameter("needs an offset, e.g. 2026-11-05T14:00:00-05:00", param_hint="--at")
    row, key = _find(here, task)
    command = CompleteTask(
        command_id=derived_id("complete", task, when.isoformat()),
        transition_id=row.transition_id,
        task_id=task,
        actor=actor_of(actor),
        performed_at=when,
    )
    run(say(here, [event(command, id_=command.command_id, subject=row.transition_id, key=key, now=now)]))
    typer.echo(f"said: {row.code} of transition {row.transition_id} done at {when.isoformat()}")


@app.command("cancel")
def cancel(
    task: str = typer.Argument(help="The task's id, as `care task list` prints it."),
    reason: str = typer.Option(help="A code: patient-refused, not-home-twice, duplicate ..."),
    actor: str = ActorOption,
) -> None:
    """Say that a task is not to be done, and why."""
    here = session()
    if not REASON.fullmatch(reason):
        raise typer.BadParameter(
            "a code of lower-case letters, digits and hyphens, no free text", param_hint="--reason"
        )
    row, key = _find(here, task)
    command = CancelTask(
        command_id=derived_id("cancel", task, reason),
        transition_id=row.transition_id,
        task_id=task,
        actor=actor_of(actor),
        reason=reason,
    )
    run(say(here, [event(command, id_=command.command_id, subject=row.transition_id, key=key, now=_now(here))]))
    typer.echo(f"said: {row.code} of transition {row.transition_id} called off ({reason})")


def _now(here: Session) -> datetime:
    file = here.settings.get("CARE_CLOCK_FILE")
    return business_clock(Path(file) if file else None)()


def _find(here: Session, task: str) -> tuple[TaskRow, str]:
    documents = run(_documents(here, {"state.tasks.task.task_id": task}, 1))
    for document in documents:
        for row in task_rows([document["state"]], open_only=False):
            if row.task_id == task and row.status == "requested":
                return row, document["key"]
            if row.task_id == task:
                typer.secho(f"task {task} is not open: {row.business_status} {row.reason}".rstrip(), err=True, fg="red")
                raise typer.Exit(1)
    typer.secho(f"no task {task}; `care task list` names the open ones", err=True, fg="red")
    raise typer.Exit(1)
