"""Planted changes of the contract, each one edit of a committed schema: some break, the others hurt nobody."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

Schema = dict[str, Any]
Edit = Callable[[Schema], object]

TASK = "task.completed.v1"
OPENED = "transition.opened.v1"
COMMAND = "command.complete-task.v1"


def fields(schema: Schema, definition: str = "") -> Schema:
    owner: Schema = schema["$defs"][definition] if definition else schema
    properties: Schema = owner["properties"]
    return properties


def definition(schema: Schema, name: str) -> Schema:
    found: Schema = schema["$defs"][name]
    return found


def both(*edits: Edit) -> Edit:
    return lambda schema: [edit(schema) for edit in edits]


BREAKING: list[tuple[str, str, Edit, str]] = [
    (
        "a required field goes",
        TASK,
        both(lambda s: fields(s).pop("pathway"), lambda s: s["required"].remove("pathway")),
        "hearers not yet upgraded: $.pathway: is required",
    ),
    ("an optional field goes", TASK, lambda s: fields(s).pop("care_team"), "promise: $.care_team: the field is gone"),
    (
        "a field deep in a definition goes",
        TASK,
        lambda s: fields(s, "PersonName").pop("given"),
        "promise: $.patient.name.given: the field is gone",
    ),
    (
        "a field is renamed",
        TASK,
        lambda s: fields(s, "TaskState").update(display=fields(s, "TaskState").pop("reason")),
        "promise: $.task.reason: the field is gone",
    ),
    (
        "a type changes",
        TASK,
        lambda s: fields(s, "TaskState")["rule_version"].update(type="string"),
        "records already kept: $.task.rule_version: integer is written, string is read",
    ),
    (
        "a type widens",
        OPENED,
        lambda s: fields(s, "TransitionState")["pathway_version"].update(type="number"),
        "hearers not yet upgraded: $.transition.pathway_version: number is written, integer is read",
    ),
    (
        "a new required field comes",
        TASK,
        both(lambda s: fields(s).update(unit={"type": "string"}), lambda s: s["required"].append("unit")),
        "records already kept: $.unit: is required",
    ),
    (
        "an optional field becomes required",
        TASK,
        lambda s: definition(s, "TaskState")["required"].append("reason"),
        "records already kept: $.task.reason: is required",
    ),
    (
        "a required field becomes optional",
        TASK,
        lambda s: definition(s, "TaskState")["required"].remove("zone"),
        "hearers not yet upgraded: $.task.zone: is required",
    ),
    (
        "a value goes from a closed list",
        TASK,
        lambda s: fields(s, "TaskState")["business_status"]["enum"].remove("escalated"),
        'records already kept: $.task.business_status: "escalated" is written',
    ),
    (
        "a value comes to a closed list",
        TASK,
        lambda s: fields(s, "EncounterState")["status"]["enum"].append("on-leave"),
        'hearers not yet upgraded: $.encounter.status: "on-leave" is written',
    ),
    (
        "an open text becomes a closed list",
        TASK,
        lambda s: fields(s, "PatientState")["sex"].update(enum=["F", "M", ""]),
        "records already kept: $.patient.sex: any value is written",
    ),
    (
        "a constant changes",
        "directory.entry-set.v1",
        lambda s: fields(s, "Channel")["kind"].update(const="e-mail"),
        'records already kept: $.channels[].kind: "email" is written',
    ),
    (
        "a format changes",
        TASK,
        lambda s: fields(s, "TaskState")["due_at"].update(format="date"),
        'records already kept: $.task.due_at: format "date" is asked, "date-time" is promised',
    ),
    (
        "a format is dropped",
        TASK,
        lambda s: fields(s)["occurred_at"].pop("format"),
        'hearers not yet upgraded: $.occurred_at: format "date-time" is asked',
    ),
    (
        "unknown fields are refused from now on",
        TASK,
        lambda s: definition(s, "PatientState").update(additionalProperties=False),
        "promise: $.patient: unknown fields were tolerated",
    ),
    (
        "what the items of a list are changes",
        TASK,
        lambda s: fields(s, "Address")["lines"]["items"].update(type="integer"),
        "records already kept: $.patient.addresses[].lines[]: string is written",
    ),
    (
        "a list becomes one value",
        TASK,
        lambda s: fields(s).update(care_team={"$ref": "#/$defs/CareTeamMember"}),
        "records already kept: $.care_team: array is written, object is read",
    ),
    (
        "what the values of a dict are changes",
        OPENED,
        lambda s: fields(s, "Deadline")["inputs"]["additionalProperties"].update(type="integer"),
        "records already kept: $.transition.deadlines[].inputs.*: string is written",
    ),
    (
        "null goes",
        TASK,
        lambda s: fields(s, "TaskState")["performed_at"]["anyOf"].pop(),
        "records already kept: $.task.performed_at: null is written",
    ),
    (
        "null comes",
        TASK,
        lambda s: fields(s)["pathway"].update(anyOf=[{"type": fields(s)["pathway"].pop("type")}, {"type": "null"}]),
        "hearers not yet upgraded: $.pathway: null is written",
    ),
    (
        "a field behind null changes",
        TASK,
        lambda s: fields(s, "Identifier")["value"].update(type="integer"),
        "records already kept: $.task.performer.value: string is written",
    ),
    (
        "a field points to another definition",
        TASK,
        lambda s: fields(s, "CareTeamMember").update(provider={"$ref": "#/$defs/PersonName"}),
        "promise: $.care_team[].provider.value: the field is gone",
    ),
    (
        "a default changes its meaning",
        TASK,
        lambda s: fields(s)["processing_id"].update(default="T"),
        'promise: $.processing_id: absent no longer means "P"',
    ),
    (
        "a limit comes",
        TASK,
        lambda s: fields(s, "TaskState")["code"].update(maxLength=20),
        "records already kept: $.task.code: maxLength 20 is asked, null is promised",
    ),
    (
        "a command gains even an optional field",
        COMMAND,
        lambda s: fields(s).update(note={"type": "string", "default": ""}),
        "hearers not yet upgraded: $.note: is refused as unknown",
    ),
    (
        "a rule that the checker does not know",
        TASK,
        lambda s: fields(s)["pathway"].update({"not": {"const": "home"}}),
        "records already kept: $.pathway: not is not understood",
    ),
]

HARMLESS: list[tuple[str, str, Edit]] = [
    ("an optional text comes", TASK, lambda s: fields(s).update(unit={"type": "string", "default": ""})),
    (
        "an optional field that may be null comes",
        TASK,
        lambda s: fields(s, "TaskState").update(
            verified_at={"anyOf": [{"type": "string", "format": "date-time"}, {"type": "null"}], "default": None}
        ),
    ),
    (
        "an optional object comes with a definition of its own",
        TASK,
        both(
            lambda s: s["$defs"].update(Risk={"type": "object", "properties": {"score": {"type": "integer"}}}),
            lambda s: fields(s).update(risk={"$ref": "#/$defs/Risk", "default": {}}),
        ),
    ),
    (
        "a default object gains an optional field",
        TASK,
        both(
            lambda s: fields(s, "PersonName").update(degree={"type": "string", "default": ""}),
            lambda s: fields(s, "PatientState")["name"]["default"].update(degree=""),
        ),
    ),
    ("an optional list comes", TASK, lambda s: fields(s).update(notes={"items": {"type": "string"}, "default": []})),
    ("an optional closed list comes", TASK, lambda s: fields(s).update(arm={"enum": ["a", "b"], "default": "a"})),
    ("a docstring changes", TASK, lambda s: definition(s, "TaskState").update(description="Otherwise put.")),
    ("a description comes", TASK, lambda s: fields(s)["pathway"].update(description="A name of the table.")),
    ("a title changes", TASK, lambda s: s.update(title="Done")),
    ("the values of a closed list change places", TASK, lambda s: fields(s, "TaskState")["status"]["enum"].reverse()),
    ("required fields change places", TASK, lambda s: s["required"].reverse()),
    ("the ways of an anyOf change places", TASK, lambda s: fields(s, "TaskState")["performed_at"]["anyOf"].reverse()),
    (
        "a definition is renamed",
        TASK,
        lambda s: (
            (text := json.dumps(s).replace('"Identifier"', '"Id"').replace("/Identifier", "/Id"))
            and s.update(json.loads(text))
        ),
    ),
    (
        "a definition is written where it is used",
        TASK,
        lambda s: fields(s).update(task=definition(s, "TaskState")),
    ),
    ("a definition that nobody uses goes", OPENED, lambda s: s["$defs"].update(Unused={"type": "string"})),
    ("a command tolerates what it refused", COMMAND, lambda s: s.pop("additionalProperties")),
]
