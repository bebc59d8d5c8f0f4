"""Says what the end must be: from what the hospital meant, by rules written a second time, by hand, from the sources.

`expecting` shares no code with services or with what reads HL7; `observing` reads what was said and mailed; `comparing`
tells the difference. Ids and codes only.
"""
