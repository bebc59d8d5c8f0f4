"""Stories of several patients, numbers and hospitals, worked out by hand from HL7 v2.5.1 ch. 3.3 and docs/adr/0016.

Their messages may come in any order, once or twice; the ending is the same.
"""

from __future__ import annotations

from typing import Final

from tests.unit.admissions.sagas.hospitals import HOSPITALS
from tests.unit.admissions.sagas.merges import MERGES
from tests.unit.admissions.sagas.moves import MOVES
from tests.unit.admissions.sagas.seven import SEVEN
from tests.unit.admissions.sagas.six import SIX
from tests.unit.admissions.sagas.visits import VISITS

SAGAS: Final = (*MERGES, *MOVES, *VISITS, *HOSPITALS, *SIX)
LONG: Final = SEVEN
POOL: Final = tuple(dict.fromkeys(message for saga in (*SAGAS, *LONG) for message in saga.messages))
"""All messages, each once."""
