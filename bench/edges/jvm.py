"""Programs of the JVM that others are measured by: their jars from Maven Central, fetched once per user, and `java`.

A single source file is compiled as it is run. Where there is no JDK or no Maven, `lacks` says so.
"""

from __future__ import annotations

import hashlib
import os
import subprocess
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from demo.stack.jars import java_and_maven
from demo.stack.process import StackError

HERE: Final = Path(__file__).parent
_MAVEN_SECONDS: Final = 600.0


def lacks() -> str:
    """What is missing to run a program of the JVM; "" if nothing is."""
    return "" if java_and_maven() else "not run, because there is no JDK or no Maven on PATH"


def java(source: str, jars: Path, *options: str) -> list[str]:
    """The command that runs a source file of this room."""
    return ["java", "-XX:-UsePerfData", *options, "-cp", f"{jars}/*", str(HERE / source)]


def jars(*coordinates: str) -> Path:
    """A directory with these artefacts (`group:name:version`) and all that they need. Raises StackError."""
    name = hashlib.sha256("\n".join(coordinates).encode()).hexdigest()[:16]
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "care-transitions"
    target = cache / f"bench-{name}"
    if not target.is_dir():
        cache.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=cache) as work:
            _fetch(Path(work), coordinates)
            Path(work, "jars").rename(target)
    return target


def _fetch(work: Path, coordinates: Sequence[str]) -> None:
    pom = work / "pom.xml"
    pom.write_text(_pom(coordinates))
    command = ["mvn", "-B", "-q", "-f", str(pom), "dependency:copy-dependencies", f"-DoutputDirectory={work / 'jars'}"]
    done = subprocess.run(
        command, capture_output=True, text=True, timeout=_MAVEN_SECONDS, stdin=subprocess.DEVNULL, check=False
    )
    if done.returncode != 0:
        raise StackError(f"Maven could not fetch {', '.join(coordinates)}:\n{(done.stdout + done.stderr)[-1_000:]}")


def _pom(coordinates: Sequence[str]) -> str:
    wanted = (
        "<dependency><groupId>{}</groupId><artifactId>{}</artifactId><version>{}</version></dependency>".format(
            *one.split(":")
        )
        for one in coordinates
    )
    return (
        '<project xmlns="http://maven.apache.org/POM/4.0.0"><modelVersion>4.0.0</modelVersion>'
        "<groupId>local</groupId><artifactId>jars</artifactId><version>1</version><packaging>pom</packaging>"
        f"<dependencies>{''.join(wanted)}</dependencies></project>"
    )
