"""What every refusal says to a program."""

from typing import Annotated

import msgspec

from wsgi_app.base.errors import RequestError


class Error(msgspec.Struct):
    """Why a request was refused."""

    code: Annotated[str, msgspec.Meta(description="a stable word for programs")]
    message: Annotated[str, msgspec.Meta(description="one sentence for people")]


class ErrorBody(msgspec.Struct):
    """What every refusal says to a program."""

    error: Error

    @classmethod
    def of(cls, error: RequestError) -> "ErrorBody":
        """As the error says it."""
        return cls(Error(error.code, error.message))
