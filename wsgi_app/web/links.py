"""Where everything is: each address is written here, once."""

from dataclasses import dataclass
from urllib.parse import urlencode

from webob import Request


@dataclass(frozen=True)
class Links:
    """Absolute addresses of what there is.

    Attributes:
        root: of the mount, as the client asked for it, without ``/`` at its end.
    """

    root: str

    @property
    def dashboard(self) -> str:
        """The owner's page."""
        return f"{self.root}/"

    @property
    def people(self) -> str:
        """Everybody who is enrolled."""
        return f"{self.root}/people"

    def person(self, person: str) -> str:
        """Somebody."""
        return f"{self.people}/{person}"

    def export(self, person: str) -> str:
        """All that is kept of somebody."""
        return f"{self.person(person)}/export"

    def faces(self, person: str) -> str:
        """Somebody's faces."""
        return f"{self.person(person)}/faces"

    def face(self, person: str, face: str) -> str:
        """One of them."""
        return f"{self.faces(person)}/{face}"

    def face_confirmation(self, person: str, face: str) -> str:
        """Where somebody says that it is theirs."""
        return f"{self.face(person, face)}/confirm"

    def face_photo(self, person: str, face: str) -> str:
        """Its photo."""
        return f"{self.face(person, face)}/photo"

    @property
    def visits(self) -> str:
        """What the doors saw."""
        return f"{self.root}/visits"

    def visits_of(self, person: str) -> str:
        """The visits that show somebody."""
        return f"{self.visits}?{urlencode({'person': person})}"

    def visits_at(self, device: str) -> str:
        """The visits at a door, named as clients see it."""
        return f"{self.visits}?{urlencode({'device': device})}"

    def visit(self, visit: str) -> str:
        """One visit."""
        return f"{self.visits}/{visit}"

    def visit_photo(self, visit: str) -> str:
        """Its photo as the door sent it."""
        return f"{self.visit(visit)}/photo"

    def thumbnail(self, visit: str) -> str:
        """A small copy of its photo."""
        return f"{self.visit(visit)}/thumbnail"

    @property
    def unknown(self) -> str:
        """The inbox of faces that nobody knows."""
        return f"{self.root}/unknown"

    def unknown_face(self, visit: str) -> str:
        """The face of one of its visits."""
        return f"{self.unknown}/{visit}/face"

    def undo(self, change: str) -> str:
        """Where a change is taken back."""
        return f"{self.root}/undo/{change}"

    @property
    def devices(self) -> str:
        """The doors."""
        return f"{self.root}/devices"

    def device(self, device: str) -> str:
        """One door."""
        return f"{self.devices}/{device}"

    def heartbeat(self, device: str) -> str:
        """Where a door says how it is."""
        return f"{self.device(device)}/heartbeat"

    @property
    def accounts(self) -> str:
        """Who may sign in."""
        return f"{self.root}/accounts"

    def account(self, account: str) -> str:
        """One account."""
        return f"{self.accounts}/{account}"

    def invitation(self, invitation: str) -> str:
        """A one-time link, without what is secret in it."""
        return f"{self.root}/invitations/{invitation}"

    def welcome(self, token: str) -> str:
        """The page of a one-time link."""
        return f"{self.root}/welcome?{urlencode({'token': token})}"

    def sign_in(self, then: str = "") -> str:
        """The sign-in page; ``then`` is the page to go on to."""
        return f"{self.root}/sign-in" + (f"?{urlencode({'next': then})}" if then else "")

    def of_face(self, person: str, face: str) -> dict[str, str]:
        """Where a face and its person are found, by what they are."""
        return {"person": self.person(person), "photo": self.face_photo(person, face)}


def links_of(request: Request) -> Links:
    """Where everything is, for whoever asks."""
    return Links(request.application_url)
