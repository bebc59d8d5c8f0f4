"""What one mail address is: one, and nothing that a mail library could take for two."""

from __future__ import annotations

import re
from typing import Final

ADDRESS: Final = re.compile(
    r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+(\.[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+)*@[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)*"
)
ADDRESS_LENGTH: Final = 254  # RFC 5321 §4.5.3.1.3, without the angle brackets


def is_address(text: str) -> bool:
    """One plain address (RFC 5321 §4.1.2, without quoted local parts and address literals)."""
    return len(text) <= ADDRESS_LENGTH and ADDRESS.fullmatch(text) is not None
