"""What the HTTP door answers: an acknowledgement, or JSON with code, ids and what to do; never a word of a message."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

import orjson
from aiohttp import web

from services.gateway.handlers.intake import Outcome
from shared.schemas.registry import JSON_MEDIA_TYPE

RETRY_SECONDS: Final = 5
_TODO: Final = {
    400: "The body broke off. Post it again.",
    401: "Send `Authorization: Bearer TOKEN` with the token of this feed. We keep its SHA-256 in the feed's profile.",
    403: "This feed is switched off here. Keep the message, and post it again when you are told that it is on.",
    404: "Post to /adt.",
    405: "Only POST /adt is answered here.",
    408: "The body did not come in time. Post it again, faster.",
    413: "Post it in smaller pieces; the same body will never be taken. A copy of its beginning is kept.",
    415: "Name its Content-Type: x-application/hl7-v2+er7 or text/plain for HL7 v2, application/json for JSON.",
    422: "The same body will never be taken: mend it, or go on with the next. A copy is kept.",
    500: "An error of ours. Post it again; if it stays so, tell whoever runs this gateway the code.",
    503: "Nothing of it is known to be kept. Post the same body again after the seconds of Retry-After.",
}
_STATUSES: Final = {413: "refused", 422: "refused", 503: "unavailable"}


def stored(message_ids: Sequence[str], refused: Sequence[Mapping[str, Any]] = ()) -> web.Response:
    """All that is named in `message_ids` is durable. `refused`: what of a batch is not taken, by place and code."""
    content: dict[str, Any] = {"status": "stored", "message_ids": list(message_ids)}
    return _json(200, {**content, "refused": list(refused)} if refused else content)


def acknowledged(answer: bytes | None, media_type: str) -> web.Response:
    """The HL7 acknowledgement, or nothing where the sender asked for none, and still 200."""
    return web.Response(body=answer or b"", content_type=media_type)


def refused(outcomes: Sequence[Outcome]) -> web.Response:
    """422: nothing of it can ever be taken. The ids are those of the copies that are kept."""
    codes = sorted({outcome.code for outcome in outcomes})
    faults = [fault for outcome in outcomes for fault in outcome.faults]
    more: dict[str, Any] = {"message_ids": [outcome.message_id for outcome in outcomes]}
    return problem(422, ",".join(codes), **(more | ({"faults": faults} if faults else {})))


def problem(status: int, code: str, **more: Any) -> web.Response:
    """Anything else, as JSON: status, code, what to do."""
    content = {"status": _STATUSES.get(status, "not-taken"), "code": code, "do": _TODO.get(status, "")} | more
    headers = {"Retry-After": str(RETRY_SECONDS)} if status == 503 else {}
    return _json(status, content, headers | ({"WWW-Authenticate": "Bearer"} if status == 401 else {}))


def _json(status: int, content: Mapping[str, Any], headers: Mapping[str, str] = {}) -> web.Response:
    return web.Response(status=status, body=orjson.dumps(content), content_type=JSON_MEDIA_TYPE, headers=headers)
