"""Bugs planted on purpose: each replaces one thing in the production code while its `with` lasts.

A mutant that no seed catches would say that the simulator is blind there, whatever it finds elsewhere.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import Any

from tests.simulation import mutants_engine, mutants_notifier, mutants_people, mutants_services, mutants_stories
from tests.simulation.play import simulate

MUTANTS: dict[str, Callable[[], Any]] = {
    name: make
    for module in (mutants_engine, mutants_services, mutants_people, mutants_stories, mutants_notifier)
    for name, make in vars(module).items()
    if callable(make) and getattr(make, "__module__", "") == module.__name__ and not name.startswith("_")
}
"""By name: a function without arguments whose result is the patch."""


@contextmanager
def planted(name: str) -> Iterator[None]:
    """The production code with this bug in it."""
    with MUTANTS[name]():
        yield


def first_catch(name: str, seeds: Iterable[int]) -> tuple[int, str] | None:
    """The first of these seeds that catches the mutant, and by what; None if it survives them all."""
    with planted(name):
        for seed in seeds:
            if violations := simulate(seed).violations:
                return seed, violations[0]
    return None
