"""What an embedder makes of a face, as it is kept."""

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
import sqlalchemy as sa
from numpy.typing import NDArray

from wsgi_app.stores.columns import UnreadableValueError
from wsgi_app.stores.tables import embeddings

LONGEST = 1.001  # embeddings are of unit length; float32 makes less of a difference


@dataclass(frozen=True, eq=False)
class Embedding:
    """A face as numbers.

    Attributes:
        embedder: whose it is, as the pack's description has it (``EmbedderFile.key``).
        vector: float32 [size], of unit length.
    """

    embedder: str
    vector: NDArray[np.float32]

    @property
    def bytes(self) -> bytes:
        """The vector as kept: little-endian float32."""
        return self.vector.astype("<f4").tobytes()


def vector_from(data: bytes) -> NDArray[np.float32]:
    """A vector out of what was kept, inside of the transaction that reads it.

    Raises:
        UnreadableValueError: it is none, or longer than one, and so would be like anybody.
    """
    try:
        vector = np.frombuffer(data, "<f4")
    except (ValueError, TypeError) as error:
        raise UnreadableValueError("what is kept as an embedding is none") from error
    with np.errstate(all="ignore"):
        if not np.linalg.norm(vector) <= LONGEST:  # nor is what is no number
            raise UnreadableValueError("what is kept as an embedding is longer than any")
    return vector


def refuse_other_sizes(vectors: Iterable[NDArray[np.float32]]) -> None:
    """Refuse vectors of one embedder that differ in size.

    Raises:
        UnreadableValueError: they do.
    """
    if len({vector.size for vector in vectors}) > 1:
        raise UnreadableValueError("embeddings of one embedder differ in size")


def keep_embedding(connection: sa.Connection, face_id: str, embedding: Embedding) -> None:
    """Keep what an embedder makes of an enrolled face, in a transaction."""
    row = {"face_id": face_id, "embedder": embedding.embedder, "vector": embedding.bytes}
    connection.execute(embeddings.insert().values(row))
