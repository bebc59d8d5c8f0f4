"""Whose token it is. We know tokens by their SHA-256 alone: who reads the profiles cannot post."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Iterable

from shared.feeds import FeedProfile


class Senders:
    """The feeds that may post, those that are off among them."""

    def __init__(self) -> None:
        self._profiles: tuple[FeedProfile, ...] = ()

    def show(self, profiles: Iterable[FeedProfile]) -> None:
        """These count from the next request on, and no other."""
        self._profiles = tuple(profile for profile in profiles if profile.http_token_sha256)

    def of(self, authorization: str) -> FeedProfile | None:
        """The feed of an Authorization header (RFC 6750 ch. 2.1); None if it holds no token of ours.

        Each feed is compared, in a time that tells nothing of how near a guess was.
        """
        scheme, _, token = authorization.partition(" ")
        if scheme.lower() != "bearer":
            return None
        digest = hashlib.sha256(token.strip().encode("utf-8", "surrogateescape")).hexdigest()
        same = [p for p in self._profiles if hmac.compare_digest(digest, p.http_token_sha256 or "")]
        return same[0] if same else None
