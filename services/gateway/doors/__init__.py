"""The doors that senders connect to. Each has its own way of listening and of limits; all hand to the one intake, and
answer only what is durable. A hospital's own Kafka topic is no door of this room: it is heard by the engine.
"""
