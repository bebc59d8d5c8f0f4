"""Every edition of every schema that git's history holds. A shallow clone shows what it has."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

from tests.contracts.examples import SNAPSHOTS

ROOT: Final = SNAPSHOTS.parents[2]
PLACE: Final = SNAPSHOTS.relative_to(ROOT).as_posix()

Editions = dict[str, list[tuple[str, Any]]]


def git(root: Path, *arguments: str) -> str:
    command = ["git", "-c", f"safe.directory={root}", "-C", str(root), *arguments]
    clean = {name: value for name, value in os.environ.items() if not name.startswith("GIT_")}  # a hook sets GIT_DIR
    return subprocess.run(command, check=True, capture_output=True, encoding="utf-8", env=clean).stdout


def editions(root: Path, *, but: frozenset[str] = frozenset()) -> Editions:
    """Type -> (`blob …`, schema) of all its editions but some, the newest first."""
    found: Editions = {}
    for type_, blob in dict.fromkeys(_committed(root)):
        if blob not in but:
            found.setdefault(type_, []).append((f"blob {blob}", json.loads(git(root, "cat-file", "blob", blob))))
    return found


def _committed(root: Path) -> Iterator[tuple[str, str]]:
    log = git(root, "log", "-m", "--format=", "--raw", "--no-abbrev", "--no-renames", "HEAD", "--", PLACE)
    for line in log.splitlines():
        _, _, _, blob, _, path = line.split(maxsplit=5)
        if set(blob) != {"0"}:
            yield Path(path).name.removesuffix(".json"), blob
