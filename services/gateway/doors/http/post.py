"""One `POST /adt`: who it is, what it is, whether it is kept; only then an answer.

200 promises what AA does: on disk, by a majority. 422 and 413: it can never succeed, and a copy is kept. 503: the store
is away or too much is unsaid; the sender keeps it and comes again.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import datetime
from typing import Final

from aiohttp import web

from services.gateway.domain.batches import holds_several
from services.gateway.doors.answers import answer, batch_answer
from services.gateway.doors.http import replies
from services.gateway.doors.http.senders import Senders
from services.gateway.doors.limits import Limits
from services.gateway.handlers.intake import BatchOutcome, Intake, Outcome
from shared.feeds import FeedProfile
from shared.schemas.envelope import Mode
from shared.schemas.registry import ER7_MEDIA_TYPE, JSON_MEDIA_TYPE
from shared.stream.outages import Away, where
from shared.telemetry import log, metrics

_TYPES: Final = frozenset({ER7_MEDIA_TYPE, "text/plain", JSON_MEDIA_TYPE})
_CHUNK: Final = 65_536
_NOBODY: Final = "none"


class Post:
    """The handler. `clock` and `next_control_id` are what our own MSH-7 and MSH-10 are made of."""

    def __init__(
        self,
        senders: Senders,
        intake: Intake,
        clock: Callable[[], datetime],
        next_control_id: Callable[[], str],
        limits: Limits,
    ) -> None:
        self._senders, self._intake, self._limits = senders, intake, limits
        self._clock, self._next_control_id = clock, next_control_id

    async def __call__(self, request: web.Request) -> web.StreamResponse:
        """Answer, and count the answer."""
        profile = self._senders.of(request.headers.get("Authorization", ""))
        response = await self._answered(request, profile)
        if profile is None or response.status in (408, 413):
            response.force_close()  # a connection is kept open for who may post, and where the body was read
        metrics.posts.labels(profile.feed if profile else _NOBODY, str(response.status)).inc()
        return response

    async def _answered(self, request: web.Request, profile: FeedProfile | None) -> web.Response:
        if profile is None:
            return replies.problem(401, "token-unknown" if "Authorization" in request.headers else "no-token")
        if profile.mode is Mode.OFF:
            return replies.problem(403, "feed-off")
        if request.content_type not in _TYPES:
            return replies.problem(415, "media-type-unknown")
        try:
            body = await self._body(request)
        except TimeoutError:
            return replies.problem(408, "slow")
        except (web.RequestPayloadError, OSError):
            return replies.problem(400, "body-cut")
        return await self._kept(request, body, profile)

    async def _body(self, request: web.Request) -> bytes:
        """All of it, or a little more than we take of one."""
        body = bytearray()
        async with asyncio.timeout(self._limits.frame):
            while len(body) <= self._limits.message:
                chunk = await request.content.read(_CHUNK)
                if not chunk:
                    break
                body += chunk
        return bytes(body)

    async def _kept(self, request: web.Request, body: bytes, profile: FeedProfile) -> web.Response:
        try:
            return await self._taken(request, body, profile)
        except Away as away:
            return replies.problem(503, f"{away.what}-away")
        except Exception as bug:  # noqa: BLE001 - one request's bug is not the others'
            code = f"bug-{type(bug).__name__}-{where(bug)}"
            log.error("post_failed", feed=profile.feed, code=code)
            return replies.problem(500, code)

    async def _taken(self, request: web.Request, body: bytes, profile: FeedProfile) -> web.Response:
        if len(body) > self._limits.message:
            outcome = await self._intake.take_too_large(body[: self._limits.message], profile)
            ids = [outcome.message_id]
            return replies.problem(413, outcome.code, limit_bytes=self._limits.message, message_ids=ids)
        if request.content_type == JSON_MEDIA_TYPE:
            return _told(await self._intake.take_event(body, profile))
        wants_json = JSON_MEDIA_TYPE in request.headers.get("Accept", "")
        if holds_several(body):
            return self._batch(await self._intake.take_batch(body, profile), profile, request, wants_json)
        outcome = await self._intake.take(body, profile)
        if outcome.code or wants_json:
            return _told(outcome)
        written = answer(outcome, profile, self._clock(), self._next_control_id())
        return replies.acknowledged(written, request.content_type)

    def _batch(self, found: BatchOutcome, profile: FeedProfile, request: web.Request, wants_json: bool) -> web.Response:
        """200 if anything of it is stored, or nothing was in it."""
        ids = [outcome.message_id for outcome in found.outcomes if not outcome.code]
        if found.outcomes and not ids:
            return replies.refused(found.outcomes)
        if not wants_json:
            written = batch_answer(found, profile, self._clock(), self._next_control_id)
            return replies.acknowledged(written, request.content_type)
        numbered = enumerate(found.outcomes, 1)
        return replies.stored(ids, [{"message": n, "code": one.code} for n, one in numbered if one.code])


def _told(outcome: Outcome) -> web.Response:
    return replies.refused([outcome]) if outcome.code else replies.stored([outcome.message_id])
