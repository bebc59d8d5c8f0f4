"""The alarm clock: finds what fell due and says it on the service's timers topic, once its inputs are heard."""
