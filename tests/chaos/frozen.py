"""The services' code as it was when a run began: who is restarted half an hour later must be the same program.

A service is started in the stack's directory, and Python looks for a module there first.
"""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

REPOSITORY = Path(__file__).parents[2]
ROOMS = ("services", "shared")


def freeze(directory: Path) -> None:
    """Copy the services and what they share into `directory`."""
    for room in ROOMS:
        shutil.copytree(REPOSITORY / room, directory / room, ignore=shutil.ignore_patterns("__pycache__"))


def version() -> str:
    """What is frozen: the commit, and whether the working tree has more."""
    changed = _git("status", "--porcelain", "--", *ROOMS)
    return _git("rev-parse", "--short=12", "HEAD") + (" with changes that are not committed" if changed else "")


def _git(*words: str) -> str:
    """ "" where there is no repository."""
    done = subprocess.run(["git", *words], cwd=REPOSITORY, capture_output=True, text=True, check=False)
    return done.stdout.strip()
