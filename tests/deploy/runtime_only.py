"""Imports the modules named as arguments as if only requirements/runtime.lock.txt were installed, as in the image."""

from __future__ import annotations

import importlib
import re
import sys
from collections.abc import Sequence
from importlib.metadata import packages_distributions
from pathlib import Path
from types import ModuleType

LOCK = Path(__file__).resolve().parents[2] / "requirements" / "runtime.lock.txt"


def normalised(name: str) -> str:
    """A distribution's name as the packaging rules compare it."""
    return re.sub(r"[-_.]+", "-", name).lower()


def locked(text: str) -> set[str]:
    """The distributions that a lock names."""
    return {normalised(name) for name in re.findall(r"^([A-Za-z0-9][\w.-]*)==", text, re.MULTILINE)}


class OnlyTheLock:
    """A finder that knows what is installed here but is not in the image, and says it is not there."""

    def __init__(self, lock: set[str]) -> None:
        self.absent = {
            module
            for module, distributions in packages_distributions().items()
            if not {normalised(name) for name in distributions} & lock
        }

    def find_spec(self, name: str, _path: Sequence[str] | None = None, _target: ModuleType | None = None) -> None:
        """As importlib asks. Raises ModuleNotFoundError for what the image lacks."""
        if name.partition(".")[0] in self.absent:
            raise ModuleNotFoundError(f"No module named {name!r} in the image", name=name)


if __name__ == "__main__":
    sys.meta_path.insert(0, OnlyTheLock(locked(LOCK.read_text("utf-8"))))
    for module in sys.argv[1:]:
        importlib.import_module(module)
