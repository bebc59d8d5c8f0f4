"""docs/topics.md: who says what to whom, from shared/schemas/topics.py and the types that stand on each topic."""

from __future__ import annotations

from generator.pages import code, first_line, page, table
from shared.schemas.catalog import types_on
from shared.schemas.envelope import TYPE_PREFIX
from shared.schemas.topics import ALL, DEAD_LETTER_DAYS, MAX_MESSAGE_BYTES, Topic

INTRODUCTION = f"""
Every record is a CloudEvents 1.0 event in Kafka's binary mode; its `ce_type` is `{TYPE_PREFIX}` and the type's name as
below, its `ce_dataschema` names the JSON Schema. One record is at most {MAX_MESSAGE_BYTES:,} bytes. `care topics
create` makes what is missing, `care topics check` compares a broker with this page.

Two topics that one service hears have the same number of partitions for ever. What a hearer can never read goes to a
topic of its own. `care dlq replay` says it again on a third one (`<topic>.<hearer>.replay`: the same key, as many
partitions), which only the hearer that failed hears; there it counts as a record of the first.
"""

HOSPITALS_OWN = "An ADT message as the hospital sent it: HL7 v2 ER7, named by `content-type`."


def topics_page() -> str:
    """The page."""
    overview = table(
        ["Topic", "Key", "Said by", "Heard by", "Partitions", "Kept"],
        [(code(t.name), t.key, _names(t.said_by), _names(t.heard_by), str(t.partitions), _kept(t)) for t in ALL],
    )
    return page("Topics", INTRODUCTION, overview, *(_section(topic) for topic in ALL))


def _section(topic: Topic) -> str:
    rows = [
        (code(type_), first_line(model) if model else HOSPITALS_OWN, _schema(type_, model))
        for type_, model in types_on(topic).items()
    ]
    again = ", ".join(code(topic.replays(service)) for service in topic.heard_by)
    replays = f" Replays: {again}." if again else ""
    dead = ", ".join(code(topic.dead_letters(service)) for service in topic.heard_by) or "none: nobody hears it"
    table_ = table(["Type", "What it says", "Schema"], rows)
    return f"## {topic.name}\n\nDead letters, kept {DEAD_LETTER_DAYS} days: {dead}.{replays}\n\n{table_}"


def _schema(type_: str, model: object) -> str:
    return f"[{type_}.json](../shared/schemas/json/{type_}.json)" if model else "HL7 v2.5.1 ch. 3"


def _names(services: tuple[str, ...]) -> str:
    return ", ".join(services) or "nobody yet"


def _kept(topic: Topic) -> str:
    return "the last record of each key, for ever" if topic.compacted else f"{topic.days} days"
