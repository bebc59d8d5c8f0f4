"""What admissions remembers: one collection, `patients`, a versioned document each (`shared.mongo.documents`).

`_id` is the patient id; `state` is `domain.model.Patient` as JSON, its encounters and their lifecycle facts inside.
`claims` stand beside the state: an identifier belongs to one patient, which a unique index holds against every race.
The store of versioned documents makes that index and the one of alarms; these are the ones on top.
"""

from __future__ import annotations

from typing import Any, Final

from services.admissions.handlers import COLLECTION

INDEXES: Final[list[tuple[str, list[tuple[str, int]], dict[str, Any]]]] = [
    (COLLECTION, [("state.reviews.code", 1)], {"name": "reviews", "sparse": True}),
]
"""`reviews`: the patients that a person should look at."""
