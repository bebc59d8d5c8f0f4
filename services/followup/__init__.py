"""followup hears `care.transitions.v1`, `care.commands.v1` and `followup.timers.v1`, says `care.tasks.v1`.

It remembers each transition's tasks and when the clock must next look at them.
"""
