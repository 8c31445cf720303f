"""People, as everything that names them does."""

import msgspec


class PersonName(msgspec.Struct):
    """Somebody, with the name that they have now."""

    id: str
    name: str
