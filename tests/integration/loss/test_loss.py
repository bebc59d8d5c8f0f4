"""Nothing lost, no effect twice, order kept, dead letters as planted: whatever is done to process and servers."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import Callable

import pytest

from shared.schemas.topics import MAX_MESSAGE_BYTES
from shared.stream.suspects import LIMIT
from tests.integration.loss.trial import Account, Trial, Worker, poisons, until

pytestmark = [pytest.mark.integration, pytest.mark.timeout(300)]

Keep = Callable[[Account, float], None]


async def finish(trial: Trial, keep: Keep) -> Account:
    seconds = await trial.all_committed()
    await trial.stop_all()
    account = await trial.account()
    keep(account, seconds)
    return account


async def test_sigkill__twice_in_the_middle_of_a_batch(trial: Trial, events: int, keep: Keep) -> None:
    """Once between load and save, once between save and say."""
    await trial.poke(events)
    for point in ("loaded", "saved"):
        trial.hold(point)
        worker = trial.start()
        await trial.held(point, worker)
        worker.kill()
        trial.release(point)
    trial.hurts()
    trial.start()
    account = await finish(trial, keep)
    assert account.redelivered >= 1


async def test_sigterm__in_the_middle_of_a_batch(trial: Trial, events: int, keep: Keep) -> None:
    """It finishes the batch, commits it and leaves: nothing is redelivered."""
    trial.stays_in_group()
    await trial.poke(events)
    trial.hold("saved")
    worker = trial.start()
    await trial.held("saved", worker)
    assert worker.listening() == set(), "Faust's web server has no authentication"
    worker.signal(signal.SIGTERM)
    await trial.stopping(worker)
    trial.release("saved")
    assert await worker.ended() == 0, worker.log.read_text()
    trial.hurts()
    trial.start()
    account = await finish(trial, keep)
    assert (account.redelivered, account.repeats) == (0, 0)


async def test_exception__in_the_body_and_in_one_record(trial: Trial, events: int, keep: Keep) -> None:
    """In the engine's own body it ends the process, uncommitted; in a decision it dead-letters that record."""
    await trial.poke(events, poison=poisons([57], do="bug", reason="bug-ZeroDivisionError-decide"))
    trial.fail("saved")
    worker = trial.start()
    assert await worker.ended() == 70
    assert worker.logged("process_ends") == 1
    trial.hurts()
    trial.start()
    account = await finish(trial, keep)
    assert (account.letters, account.redelivered > 0) == (1, True)


async def test_poison__one_record_goes_alone(trial: Trial, events: int, keep: Keep) -> None:
    trial.stays_in_group()
    await trial.poke(events, poison=poisons([91], do="bug-in-read", reason="bug-KeyError-read"))
    trial.hurts()
    trial.start()
    account = await finish(trial, keep)
    assert (account.letters, account.redelivered) == (1, 0)


async def test_poison_storm__a_thousand_among_the_good(trial: Trial, events: int, keep: Keep) -> None:
    trial.stays_in_group()
    storm = range(events // 4, events // 4 + 1_000)
    await trial.poke(events + 1_000, poison=poisons(storm, do="refuse", reason="not-counted"))
    trial.hurts()
    trial.start()
    account = await finish(trial, keep)
    assert (account.letters, account.redelivered) == (1_000, 0)


async def test_oversize__an_output_above_the_brokers_limit(trial: Trial, events: int, keep: Keep) -> None:
    trial.stays_in_group()
    await trial.poke(events, poison=poisons([33, 34], fill=MAX_MESSAGE_BYTES, reason="output-too-large"))
    trial.hurts()
    trial.start()
    account = await finish(trial, keep)
    assert (account.letters, account.redelivered) == (2, 0)


async def test_rebalance__two_join_in_the_middle_of_a_batch_and_one_leaves(
    trial: Trial, events: int, keep: Keep
) -> None:
    await trial.poke(events)
    trial.hold("loaded")
    first = trial.start()
    await trial.held("loaded", first)
    trial.hurts()
    second = trial.start()
    await trial.held("loaded", second)  # the first's batch was cancelled, and both stand in a new one
    third = trial.start()
    await until(lambda: third.logged("service_started"), "the third")
    trial.release("loaded")  # this time the batches end in time, or nearly
    await until(lambda: third.logged("partitions_assigned"), "the third's partitions")
    second.signal(signal.SIGTERM)
    assert await second.ended() == 0, second.log.read_text()
    await finish(trial, keep)
    assert first.logged("batch_abandoned") >= 1


async def stop_at(point: str, worker: Worker, trial: Trial) -> None:
    await trial.held(point, worker)
    worker.signal(signal.SIGSTOP)
    trial.release(point)


async def test_sigstop__past_the_session_and_back_as_a_zombie(trial: Trial, events: int, keep: Keep) -> None:
    """One is stopped between load and save, the next between save and say; a third does the work; both come back.

    Every document is there by then, so that the first comes back with versions that are gone.
    """
    await trial.poke(events // 2)
    zombies = [trial.start()]
    await trial.all_committed()
    trial.hold("loaded")
    await trial.poke(events // 2)
    await stop_at("loaded", zombies[0], trial)
    trial.hold("saved")
    zombies.append(trial.start())
    await stop_at("saved", zombies[1], trial)
    trial.hurts()
    trial.start()
    await trial.all_committed()
    for zombie in zombies:
        zombie.signal(signal.SIGCONT)
    for zombie in zombies:
        await until(lambda z=zombie: z.logged("batch_abandoned") or not z.running, "the zombie's giving up")
        assert zombie.running, zombie.log.read_text()
    await finish(trial, keep)


async def test_mongod__killed_in_the_middle_of_a_batch_and_back(trial: Trial, events: int, keep: Keep) -> None:
    await trial.poke(events)
    trial.hold("loaded")
    worker = trial.start()
    await trial.held("loaded", worker)
    trial.mongo.kill()
    trial.hurts()
    trial.release("loaded")
    await until(lambda: worker.logged("driver_away"), "the outage in the log")
    await asyncio.to_thread(trial.mongo.restart)
    await finish(trial, keep)
    assert (worker.logged("driver_away"), worker.logged("driver_back")) == (1, 1)


async def test_broker__killed_in_the_middle_of_a_batch_and_back(trial: Trial, events: int, keep: Keep) -> None:
    await trial.poke(events)
    trial.hold("saved")
    worker = trial.start()
    await trial.held("saved", worker)
    trial.kafka.kill()
    trial.hurts()
    trial.release("saved")
    await asyncio.to_thread(trial.kafka.restart)
    await finish(trial, keep)


async def test_deadly__a_record_that_kills_its_hearer(
    trial: Trial, events: int, keep: Keep, round_: int, request: pytest.FixtureRequest
) -> None:
    """As a supervisor would, start it again whenever it dies: the record is found, and goes alone. Long form only."""
    if request.config.getoption("rounds", 1) == 1 or round_ >= 3:
        pytest.skip("only in the long form, and three times: each takes a minute")
    await trial.poke(events, poison=poisons([70], do="kill", reason="crash-loop"))
    trial.hurts()
    for _ in range(LIMIT + 5):
        worker = trial.start()
        await trial.all_committed_or_dead(worker)
        if worker.running:
            break
    account = await finish(trial, keep)
    assert account.letters == 1


async def test_start__before_its_servers(trial: Trial, events: int, keep: Keep, request: pytest.FixtureRequest) -> None:
    """A process that comes up first waits for both. Long form only."""
    if request.config.getoption("rounds", 1) == 1:
        pytest.skip("only in the long form")
    await trial.poke(events)
    trial.kafka.kill()
    trial.mongo.kill()
    trial.hurts()
    worker = trial.start()
    await until(lambda: '"what":"mongodb"' in worker.log.read_text(), "its waiting for MongoDB")
    await asyncio.to_thread(trial.mongo.restart)
    await until(lambda: '"what":"kafka"' in worker.log.read_text(), "its waiting for Kafka")
    await asyncio.to_thread(trial.kafka.restart)
    await finish(trial, keep)
