"""Runs a command's coroutine and turns what is away into a sentence and an exit code."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from typing import Any, TypeVar

import typer

from shared.stream.outages import Away

T = TypeVar("T")


def run(work: Coroutine[Any, Any, T]) -> T:
    """The result of `work`. Exits with 69 (EX_UNAVAILABLE) when Kafka or MongoDB is away, 130 on Ctrl-C."""
    try:
        return asyncio.run(work)
    except Away as away:
        typer.secho(f"{away.what} does not answer ({away.code}). `care doctor` says more.", err=True, fg="red")
        raise typer.Exit(69) from None
    except KeyboardInterrupt:
        raise typer.Exit(130) from None
