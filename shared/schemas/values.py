"""Values that nobody changes: for the type checker frozen dataclasses, at run time plain ones.

A frozen dataclass sets each field through `object.__setattr__`; where a record makes ten of them before its event is
said, that was a tenth of a service's CPU. mypy refuses every assignment all the same.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from dataclasses import dataclass as dataclass
else:
    import dataclasses

    def dataclass(*, frozen, slots, order=False):
        """As `dataclasses.dataclass`; `frozen` gives the hash of a frozen one, and leaves its refusals to mypy."""
        return dataclasses.dataclass(slots=slots, order=order, unsafe_hash=frozen)
