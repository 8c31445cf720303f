"""What the fields of several bodies have in common."""

from typing import Annotated

from msgspec import Meta

from wsgi_app.base.names import LONGEST_NAME
from wsgi_app.web.routing import ID

Id = Annotated[str, Meta(pattern=rf"\A{ID}\Z")]
Text = Annotated[str, Meta(max_length=1000)]
Name = Annotated[str, Meta(description=f"at most {LONGEST_NAME} characters, on one line")]
