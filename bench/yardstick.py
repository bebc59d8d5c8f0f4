"""Runs the fixed yardstick, which is no part of the project, as it is: its own topic, its own loop, its own clock."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from bench import topics
from bench.place import Place
from bench.rounds import Sample, Wrong


class Yardstick:
    """The programs of `place.yardstick`: load.py, pipe_confluent.py, pipe_faust.py."""

    def __init__(self, place: Place, events: int) -> None:
        self._place = place
        self._events = events
        self._heard = ""

    def loop(self) -> Sample:
        """The hand-written loop, tuned."""
        return self._run("pipe_confluent.py", "--tuned", limit=self._events)

    def naive(self, limit: int) -> Sample:
        """The agent that awaits each write and each answer of the broker."""
        return self._run("pipe_faust.py", "--mode", "naive", limit=limit)

    def _run(self, program: str, *arguments: str, limit: int) -> Sample:
        if not self._heard:
            self._heard = topics.unique("yardstick")
            self._python("load.py", self._heard, str(self._events), "4")
        said = topics.unique("yardstick-said")
        topics.create(self._place.bootstrap, said, partitions=4)
        told = self._python(program, *arguments, "--limit", str(limit), env={"BENCH_TOPIC_B": said})
        # its agent runs on a little after the last one that counts
        if (count := sum(1 for _ in topics.read_all(self._place.bootstrap, said))) < limit:
            raise Wrong(f"the yardstick said {count} events, fewer than {limit}")
        topics.delete(self._place.bootstrap, said)
        return Sample(told["rate"], told["cpu_us"])

    def _python(self, program: str, *arguments: str, env: dict[str, str] | None = None) -> dict[str, Any]:
        directory = self._place.yardstick
        assert directory is not None
        scratch = self._place.directory
        (scratch / "run" / "faustdata").mkdir(parents=True, exist_ok=True)  # its agent makes only the last folder
        settings = {
            "BENCH_BROKER": self._place.bootstrap,
            "BENCH_MONGO": self._place.mongo_url,
            "BENCH_RESULTS": str(scratch / "yardstick.jsonl"),
            "BENCH_TOPIC_A": self._heard,
            "PYTHONPATH": str(Path(directory).resolve()),
            **(env or {}),
        }
        with self._place.start(
            str(Path(directory).resolve() / program), *arguments, env=settings, cwd=scratch
        ) as child:
            if program == "load.py":
                child.wait()
                return {}
            return child.told()
