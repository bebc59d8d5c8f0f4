"""A simulated hospital: seeded people, stays on a business clock, and the HL7 v2.5.1 messages that tell of them.

The same seed gives the same bytes. It holds no clock and opens no socket; all of its people are invented.
"""

from demo.hospital.schedule import Delivery, Faults, Harm, Note, Sending, Via, schedule

__all__ = ["Delivery", "Faults", "Harm", "Note", "Sending", "Via", "schedule"]
