"""gateway hears the doors: HL7 v2 over MLLP and HTTP, and hospitals' own Kafka topics; it says `adt.inbound.v1`.

It remembers every raw message, stored before it is acknowledged, until well after it is said; and a copy of what it
refused, with the reason. It knows which feed a message is of by its door alone.
"""
