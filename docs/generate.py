"""Writes what is generated: JSON Schema snapshots, docs/topics.md, docs/configuration.md, docs/metrics.md,
docs/lifecycles.md, docs/adt.md.

`python docs/generate.py` writes; `--check` writes nothing, names every file that is not as the code says and exits 1.
"""  # noqa: INP001 - a script, not a package: docs/ holds pages

from __future__ import annotations

import sys
from pathlib import Path
from typing import Final

from generator.adt import adt_page
from generator.configuration import configuration_page
from generator.lifecycles import lifecycles_page
from generator.metrics import metrics_page
from generator.topics import topics_page

from shared.schemas.catalog import snapshots

ROOT: Final = Path(__file__).resolve().parent.parent
SNAPSHOTS: Final = ROOT / "shared" / "schemas" / "json"


def generated() -> dict[Path, str]:
    """File → text of everything that is generated."""
    services = ROOT / "services"
    return {
        ROOT / "docs" / "topics.md": topics_page(),
        ROOT / "docs" / "configuration.md": configuration_page(services),
        ROOT / "docs" / "metrics.md": metrics_page(),
        ROOT / "docs" / "lifecycles.md": lifecycles_page(services),
        ROOT / "docs" / "adt.md": adt_page(),
        **{SNAPSHOTS / name: text for name, text in snapshots().items()},
    }


def stale(files: dict[Path, str]) -> list[Path]:
    """Files that are missing or say something else, and snapshots of types that are no more."""
    differing = [file for file, text in files.items() if not file.is_file() or file.read_text("utf-8") != text]
    return differing + [file for file in sorted(SNAPSHOTS.glob("*.json")) if file not in files]


def write(files: dict[Path, str]) -> None:
    """Bring every stale file up to date; a snapshot without a type goes."""
    SNAPSHOTS.mkdir(exist_ok=True)
    for file in stale(files):
        if file in files:
            file.write_text(files[file], "utf-8")
        else:
            file.unlink()
        sys.stdout.write(f"{file.relative_to(ROOT)}\n")


def main(arguments: list[str]) -> int:
    """The exit code: 0 done or nothing stale, 1 stale, 64 (EX_USAGE) not understood."""
    if arguments not in ([], ["--check"]):
        sys.stderr.write("usage: python docs/generate.py [--check]\n")
        return 64
    files = generated()
    if not arguments:
        write(files)
        return 0
    found = stale(files)
    for file in found:
        sys.stderr.write(f"{file.relative_to(ROOT)} is not as the code says: run `make schemas docs`\n")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
