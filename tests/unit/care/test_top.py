"""The figures of `care top`, worked out by hand from two looks at a service."""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from care.pages import NO_ANSWER, Page, Sample, quantile, since
from care.top import row

INF = float("inf")


def a_page(at: float, samples: Mapping[str, float], *, alive: str = "ok", ready: str = "ok") -> Page:
    return Page(alive, ready, tuple(Sample(name, {"topic": "t"}, value) for name, value in samples.items()), at)


@pytest.mark.parametrize(
    ("buckets", "q", "expected"),
    [
        ({1.0: 0, 2.0: 10, INF: 10}, 0.5, 1.5),
        ({1.0: 4, 2.0: 8, INF: 8}, 0.25, 0.5),
        ({1.0: 1, 2.0: 1, INF: 10}, 0.95, 2.0),
        ({1.0: 0, INF: 0}, 0.5, None),
        ({}, 0.5, None),
    ],
    ids=["half way into the second", "half way into the first", "beyond the last bound", "none counted", "no series"],
)
def test_quantile(buckets: Mapping[float, float], q: float, expected: float | None) -> None:
    assert quantile(buckets, q) == expected


def test_since__is_what_came_in_between_or_all_where_nothing_came_or_the_process_is_new() -> None:
    before, after = {1.0: 2.0, INF: 4.0}, {1.0: 3.0, INF: 9.0}
    assert since(before, after) == {1.0: 1.0, INF: 5.0}
    assert since(after, after) == after
    assert since(after, before) == before


def test_row__rates_are_over_the_time_between_two_looks_and_the_rest_is_the_last() -> None:
    before = a_page(10.0, {"care_records_heard_total": 100, "care_records_said_total": 50})
    now = a_page(
        12.0,
        {
            "care_records_heard_total": 130,
            "care_records_said_total": 8,
            "care_consumer_lag_records": 7,
            "care_dead_letters_total": 0,
            "care_alarms_said_total": 3,
        },
        ready="no-partitions",
    )
    assert row(before, now) == [
        "[green]ok[/]",
        "[red]no-partitions[/]",
        "15.0",
        "4.0",  # fewer than before: it began anew and has said 8 since
        "7",
        "0",
        "–",
        "–",
        "–",
        "3",
        "–",
    ]


def test_row__of_a_service_that_does_not_answer_shows_no_figures() -> None:
    gone = a_page(12.0, {}, alive=NO_ANSWER, ready=NO_ANSWER)
    assert row(a_page(10.0, {"care_records_heard_total": 5}), gone) == [f"[red]{NO_ANSWER}[/]"] * 2 + ["–"] * 9
