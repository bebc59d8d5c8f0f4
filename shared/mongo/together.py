"""Documents written all or none: one transaction, on the rare path where one document takes others in.

Not `with_transaction`: it tries again for two minutes, on what may be decided otherwise by now. Here a lost race is
told, and whoever decided looks again.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from pymongo import ReadPreference, WriteConcern
from pymongo.errors import OperationFailure, PyMongoError
from pymongo.read_concern import ReadConcern

from shared.mongo.bson import to_bson
from shared.mongo.client import Database, Session
from shared.stream.documents import Document

DUPLICATE_KEY: Final = 11000


async def write_together(database: Database, documents: Sequence[Document]) -> bool:
    """Whether all were written, durably; False: another writer was first and none was. Raises PyMongoError: unknown."""
    async with await database.client.start_session() as session:
        session.start_transaction(ReadConcern("snapshot"), WriteConcern(w="majority", j=True), ReadPreference.PRIMARY)
        try:
            for document in documents:
                if not await _write(database, document, session):
                    await session.abort_transaction()
                    return False
            await _commit(session)
        except OperationFailure as refused:
            if not _lost(refused):
                raise
            return False
    return True


async def _write(database: Database, document: Document, session: Session) -> bool:
    """No upsert here: where the version is gone it would meet the id, which ends a transaction with an error."""
    collection, raw = database[document.collection], to_bson(document)
    if document.version == 0:
        await collection.insert_one(raw, session=session)
        return True
    done = await collection.replace_one({"_id": document.id, "version": document.version}, raw, session=session)
    return bool(done.matched_count == 1)


async def _commit(session: Session) -> None:
    """Once more where the answer is not known (the driver itself has tried twice by then); a commit may be repeated."""
    try:
        await session.commit_transaction()
    except PyMongoError as error:
        if not error.has_error_label("UnknownTransactionCommitResult"):
            raise
        await session.commit_transaction()


def _lost(refused: OperationFailure) -> bool:
    """A duplicate id or claim, or a write conflict: the server has undone the transaction."""
    return refused.code == DUPLICATE_KEY or refused.has_error_label("TransientTransactionError")
