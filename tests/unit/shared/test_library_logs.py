"""A library that repeats itself during an outage costs one line in ten seconds, and never a word of its message."""

from __future__ import annotations

import logging

import structlog

from shared import telemetry


def a_warning(text: str, created: float, line: int = 7) -> logging.LogRecord:
    record = logging.LogRecord("aiokafka.conn", logging.WARNING, "conn.py", line, text, (), None, "connect")
    record.created = created
    return record


def test_emit__each_place_once_in_ten_seconds_with_a_count_and_no_text() -> None:
    handler = telemetry._LibraryLogs()
    with structlog.testing.capture_logs() as lines:
        for at in (100.0, 101.0, 102.0, 111.0):
            handler.emit(a_warning("planted Testperson", at))
        handler.emit(a_warning("another place", 112.0, line=8))
    assert [(line["place"], line["count"]) for line in lines] == [("connect:7", 1), ("connect:7", 3), ("connect:8", 1)]
    assert not [line for line in lines if "Testperson" in str(line)]
