"""HAPI on the JVM, reading the same fields: warmed up, no validation, one thread; its values are compared with ours."""

from __future__ import annotations

import subprocess
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from bench.edges.jvm import jars, java
from bench.edges.reading import FIELDS, ours
from bench.rounds import Sample, Wrong

_JARS: Final = (
    "ca.uhn.hapi:hapi-base:2.6.0",
    "ca.uhn.hapi:hapi-structures-v251:2.6.0",
    "org.slf4j:slf4j-nop:1.7.36",
)
_WARM_SECONDS: Final = 8.0
_SECONDS: Final = 3.0


def hapi(messages: Sequence[bytes], directory: Path) -> Sample:
    """One JVM from start to end. Raises Wrong where it read a message differently."""
    corpus = directory / "hapi-corpus"
    corpus.write_bytes(b"\x1c".join(messages))
    paths = ",".join(f"{segment}-{field}-{component}" for segment, field, component in FIELDS)
    command = [*java("ReadHapi.java", jars(*_JARS), "-Dfile.encoding=UTF-8"), str(corpus), paths]
    command += [str(_WARM_SECONDS), str(_SECONDS)]
    done = subprocess.run(command, capture_output=True, timeout=300, check=False)
    if done.returncode != 0:
        raise Wrong(f"HAPI failed: {done.stderr.decode(errors='replace')[-500:]}")
    *values, figures = done.stdout.decode().rstrip("\n").split("\n")
    if [line.split("\x1f") for line in values] != [ours(body) for body in messages]:
        raise Wrong("HAPI reads a message differently")
    rate, cpu_us = (float(figure) for figure in figures.split())
    return Sample(rate, cpu_us)
