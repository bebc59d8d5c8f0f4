"""Files to `POST /adt`: each message in order, a batch as a batch, again where the gateway says that it cannot now."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import aiohttp
import orjson

from shared.hl7.batch import Piece, is_batch, split_messages
from shared.schemas.registry import ER7_MEDIA_TYPE, JSON_MEDIA_TYPE

ANSWER_SECONDS: Final = 60.0
RETRY_SECONDS: Final = 5.0


@dataclass(frozen=True, slots=True)
class Posted:
    """One body of one file: `number` from 1 (0: the file itself); `told` is for a person. `lost`: nobody answered 200,
    nor that it can never be taken, so that nothing may be posted after it.
    """

    path: Path
    number: int
    accepted: bool
    told: str
    lost: bool = False


async def post_files(
    paths: Iterable[Path], url: str, token: str, *, patience: float, tell: Callable[[str], None] = lambda _: None
) -> AsyncIterator[Posted]:
    """Post every file's bodies in order, yielding what became of each; after one that is lost nothing more is posted.

    `patience`: for so many seconds one body is tried again where the gateway is not there or says 503; `tell` is
    called with the reason before each time.
    """
    headers = {"Authorization": f"Bearer {token}"}
    timeout = aiohttp.ClientTimeout(total=ANSWER_SECONDS)
    async with aiohttp.ClientSession(headers=headers, timeout=timeout) as session:
        lost = False
        for path in paths:
            bodies = _bodies(await asyncio.to_thread(path.read_bytes))
            if not bodies:
                yield Posted(path, 0, accepted=False, told="there is no message in it")
            for number, (body, kind) in enumerate(bodies, start=1):
                posted = Posted(path, number, accepted=False, told="not sent", lost=True)
                if not lost:
                    posted = await _post(session, url, body, kind, (path, number), patience, tell)
                lost = posted.lost
                yield posted


def _bodies(data: bytes) -> list[tuple[bytes, str]]:
    if data.lstrip().startswith(b"{"):
        return [(data, JSON_MEDIA_TYPE)]
    pieces = [Piece(0, data)] if is_batch(data) else list(split_messages(data))
    return [(_with_cr(piece.data), ER7_MEDIA_TYPE) for piece in pieces]


def _with_cr(data: bytes) -> bytes:
    """Every segment ends with CR (HL7 v2.5.1 ch. 2.5.1), however the file was edited; UTF-16 stays as it is."""
    if data.startswith((b"\xff\xfe", b"\xfe\xff")):
        return data
    return data.strip(b"\r\n").replace(b"\r\n", b"\r").replace(b"\n", b"\r") + b"\r"


async def _post(
    session: aiohttp.ClientSession,
    url: str,
    body: bytes,
    kind: str,
    place: tuple[Path, int],
    patience: float,
    tell: Callable[[str], None],
) -> Posted:
    """Until somebody decided about it, or patience is over."""
    loop = asyncio.get_running_loop()
    over = loop.time() + patience
    while True:
        try:
            async with session.post(url, data=body, headers={"Content-Type": kind}) as response:
                status, answer = response.status, await response.read()
                wait = float(response.headers.get("Retry-After", RETRY_SECONDS))
        except (aiohttp.ClientError, TimeoutError) as error:
            status, answer, wait = 0, type(error).__name__.encode(), RETRY_SECONDS
        if status not in (0, 503) or loop.time() + wait > over:
            return _posted(place, status, answer)
        tell(str(status or "no answer"))
        await asyncio.sleep(wait)


def _posted(place: tuple[Path, int], status: int, answer: bytes) -> Posted:
    if status == 200:
        accepted, told = _stored(answer)
        return Posted(*place, accepted=accepted, told=told)
    if not status:
        return Posted(*place, accepted=False, told=f"failed: no answer ({answer.decode()})", lost=True)
    return Posted(*place, accepted=False, told=_problem(status, answer), lost=status not in (413, 422))


def _stored(answer: bytes) -> tuple[bool, str]:
    """By HL7's acknowledgements, or by our JSON."""
    if answer.startswith(b"{"):
        return True, f"stored {' '.join(orjson.loads(answer)['message_ids'])}"
    said = [line.split(b"|") for line in answer.split(b"\r") if line.startswith(b"MSA")]
    codes = Counter(fields[1].decode("ascii", "replace") for fields in said if len(fields) > 1)
    if len(said) == 1:
        return _all_good(codes), b" ".join(said[0][1:3]).decode("utf-8", "replace")
    return _all_good(codes), ", ".join(f"{code} {count}" for code, count in codes.items()) or "no answer wanted"


def _all_good(codes: Counter[str]) -> bool:
    return all(code in ("AA", "CA") for code in codes)


def _problem(status: int, answer: bytes) -> str:
    """What our door says; what something between says is told by its status alone."""
    try:
        content = orjson.loads(answer)
        told = " ".join([str(content["code"]), *map(str, content.get("faults", ())), str(content["do"])])
    except (orjson.JSONDecodeError, KeyError, TypeError, AttributeError):
        told = "from something that is not our door"
    return f"failed: {status} {told}"
