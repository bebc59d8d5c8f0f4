"""HL7 v2 on the wire, sans-io: ER7 text, framing, batches, times and acknowledgements.

It knows syntax only. What a segment means is `services.admissions.adt`'s affair; sockets and files are the callers'.
"""
