"""The alarm clock: finds what fell due and says it on the service's timers topic, once its inputs are heard.

Time is just another event: the decision is made when `TimerDue` is heard, by the service's one way of hearing.
"""
