"""From a Kafka record to an effect, once: records, codec, the batch engine, the publisher and their in-memory twins."""
