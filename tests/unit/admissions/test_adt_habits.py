"""Local habits of writing, as the profile says them: dates with slashes, and numbers of patients outside PID-3."""

from __future__ import annotations

from typing import Any

import pytest

from services.admissions.handlers.inbound import facts_of
from shared.feeds import FeedsInvalid, parse_feeds
from shared.hl7.er7 import parse
from shared.hl7.times import DateOrder

FEED = {"feed": "north", "tenant": "valley", "zone": "UTC", "facility": "NORTH", "default_authority": "NORTH"}


@pytest.mark.parametrize(
    ("profile", "order"),
    [({}, DateOrder.UNSAID), ({"dates": "mdy"}, DateOrder.MONTH_FIRST), ({"dates": "dmy"}, DateOrder.DAY_FIRST)],
)
def test_dates__as_the_profile_says(profile: dict[str, Any], order: DateOrder) -> None:
    feed = parse_feeds({"feed": [FEED | profile]})["north"]
    assert facts_of(parse(b"MSH|^~\\&|EHR"), feed).date_order is order


def test_patient_fields__as_the_profile_says() -> None:
    feeds = parse_feeds({"feed": [FEED, FEED | {"feed": "old", "patient_fields": ["PID-2", "PID-3"]}]})
    found = [facts_of(parse(b"MSH|^~\\&|EHR"), feed).patient_fields for feed in feeds.values()]
    assert found == [("PID-3",), ("PID-2", "PID-3")]


@pytest.mark.parametrize("fields", [[], ["PID-18"], "PID-3"])
def test_patient_fields__others_are_refused_by_name(fields: object) -> None:
    with pytest.raises(FeedsInvalid, match="patient_fields"):
        parse_feeds({"feed": [FEED | {"patient_fields": fields}]})


def test_dates__another_order_is_refused_by_name() -> None:
    with pytest.raises(FeedsInvalid, match="dates"):
        parse_feeds({"feed": [FEED | {"dates": "ymd"}]})
