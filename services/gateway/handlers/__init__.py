"""A message from the door to the store (`intake`), and from the store to the topic (`voice`). Nothing is answered or
committed before it is durable; Kafka away does not stop a hospital, MongoDB away does.
"""
