"""A Kafka and a MongoDB for one process: child processes on free loopback ports, in one directory, gone afterwards.

For `care up`, `make demo` and the tests. Refuses to be a deployment: one node, no TLS, no passwords, loopback only, and
the data goes with the process. Everything here is synchronous; from a coroutine call it with `asyncio.to_thread`.
"""

from demo.stack.apache import start_apache
from demo.stack.broker import choose_kafka, given_kafka, start_kafka
from demo.stack.handles import Kafka, Mongo
from demo.stack.mongod import given_mongo, start_mongod
from demo.stack.process import StackError
from demo.stack.tansu import start_tansu
from demo.stack.whole import Stack, open_stack

__all__ = [
    "Kafka",
    "Mongo",
    "Stack",
    "StackError",
    "choose_kafka",
    "given_kafka",
    "given_mongo",
    "open_stack",
    "start_apache",
    "start_kafka",
    "start_mongod",
    "start_tansu",
]
