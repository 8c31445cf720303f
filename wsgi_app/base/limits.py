"""What is accepted from outside, in one part for each that reads it; no setting changes these."""

from dataclasses import dataclass, replace

MEBIBYTE = 1024 * 1024


@dataclass(frozen=True)
class RequestLimits:
    """Of what a request asks for."""

    path_bytes: int = 1024
    page_items: int = 100


@dataclass(frozen=True)
class UploadLimits:
    """Of bodies; ``nginx.conf`` and ``uwsgi.ini`` repeat the body size, a bit wider."""

    body_bytes: int = 12 * MEBIBYTE
    photo_bytes: int = 8 * MEBIBYTE
    json_bytes: int = 64 * 1024
    heartbeat_bytes: int = 4096
    drain_bytes: int = 16 * MEBIBYTE
    parts: int = 16


@dataclass(frozen=True)
class PictureLimits:
    """Of photos, and of how long one waits for the networks.

    What is let through takes a worker about half a second at most on a small machine, measured with the worst
    input of each format.
    """

    jpeg_pixels: int = 50_000_000
    other_pixels: int = 25_000_000  # PNG, WebP, HEIC and AVIF cannot be decoded at a smaller scale
    side_px: int = 16_384
    progressive_scans: int = 64
    scanned_pixels: int = 500_000_000  # of a JPEG, times its scans: each passes over all of them
    png_bytes: int = 80_000_000  # unpacked: 25 megapixels of 8 bits, and fewer with 16 or with transparency
    asked_pixels: int = 12_500_000  # of a picture that anybody may ask about, as most phones take them
    inference_wait_s: float = 10.0

    @property
    def of_questions(self) -> "PictureLimits":
        """The limits of pictures that anybody may ask about, and that nobody keeps."""
        return replace(
            self,
            jpeg_pixels=min(self.jpeg_pixels, self.asked_pixels),
            other_pixels=min(self.other_pixels, self.asked_pixels),
            scanned_pixels=self.scanned_pixels // 2,
            png_bytes=self.png_bytes // 2,
        )


@dataclass(frozen=True)
class PressLimits:
    """Of presses of a door's button."""

    age_s: int = 30  # by which a press may be old, or a door's clock wrong
    visits_a_day: int = 100_000  # of one door: more than one each second, all day
    idempotency_s: int = 600  # for which a press that is sent again gets the same answer


@dataclass(frozen=True)
class SignInLimits:
    """Of sign-ins; one account may have more failures, from all addresses, than one address."""

    session_days: int = 14
    invitation_hours: int = 24
    address_failures: int = 5  # in a row
    account_failures: int = 20
    pause_s: int = 900  # after too many of them


@dataclass(frozen=True)
class FeedLimits:
    """Of the live feed, and of the lab's rooms beside it."""

    frame_bytes: int = 4096  # of what a browser sends
    message_letters: int = 500
    messages: int = 10  # that one may send within so many seconds
    messages_s: int = 10
    buffer_bytes: int = MEBIBYTE  # what a browser may be behind before it is dropped
    missed_events: int = 2000  # that a browser gets when it comes back; after more it loads its page anew
    sockets: int = 4000
    sockets_of_one: int = 1200  # of one address
    lab_sockets: int = 50
    lab_sockets_of_one: int = 10


@dataclass(frozen=True)
class Limits:
    """All of them; whoever reads one takes its part."""

    requests: RequestLimits = RequestLimits()
    uploads: UploadLimits = UploadLimits()
    pictures: PictureLimits = PictureLimits()
    presses: PressLimits = PressLimits()
    sign_ins: SignInLimits = SignInLimits()
    feed: FeedLimits = FeedLimits()
