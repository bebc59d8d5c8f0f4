"""Invariant 5, story by story: every order of a stay's messages, also with repeats, ends alike and is told alike."""

from __future__ import annotations

from math import factorial

import pytest

from tests.unit.admissions.accounts import in_every_order
from tests.unit.admissions.house import feeds
from tests.unit.admissions.stories import STORIES, Story
from tests.unit.admissions.stories2 import DESCRIBING, MOVING, STORIES2


def _name(story: Story) -> str:
    return story.name.replace(" ", "-")


@pytest.mark.parametrize("story", [*STORIES, *STORIES2, *DESCRIBING], ids=_name)
def test_story__in_every_order_and_with_repeats(story: Story) -> None:
    assert in_every_order(story, feeds()) == 3 * factorial(len(story.messages))


@pytest.mark.parametrize("story", MOVING, ids=_name)
def test_story__in_a_feed_whose_updates_move_the_stay(story: Story) -> None:
    assert in_every_order(story, feeds(a08_class="moves")) == 3 * factorial(len(story.messages))


def test_stories__are_told_apart_by_their_names() -> None:
    names = [story.name for story in (*STORIES, *STORIES2, *MOVING, *DESCRIBING)]
    assert len(names) == len(set(names)) >= 80
