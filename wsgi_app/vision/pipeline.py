"""The steps put together: one loaded model set, its lock, and the questions asked of it."""

import threading
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from wsgi_app.base.errors import Unavailable, UnusablePhoto
from wsgi_app.base.faces import MeasuredFace, Quality
from wsgi_app.base.limits import PictureLimits
from wsgi_app.base.outcomes import Outcome
from wsgi_app.base.steps import Steps
from wsgi_app.vision.align import align
from wsgi_app.vision.decode import Picture, decode
from wsgi_app.vision.detect import Face, find_faces
from wsgi_app.vision.embed import Embedding, embed
from wsgi_app.vision.engines import Blob, Network, load_network
from wsgi_app.vision.faults import find_fault
from wsgi_app.vision.match import Gallery, cosine, match
from wsgi_app.vision.near import NEAR, find_near_faces, longer_side, together
from wsgi_app.vision.nose import NoseFile, find_nose
from wsgi_app.vision.packs import Pack
from wsgi_app.vision.quality import brightness_of, measure, measured_face
from wsgi_app.vision.recheck import Recheck, recheck
from wsgi_app.vision.standards import ENROLMENT, PROBE, UNCLEAR, Standard
from wsgi_app.vision.verdicts import COMPANION_SHARE, Policy, Verdict, needed_score, refusal

# A face is cut out of a picture at least this long, however little of it the detector looks at: what decoding
# at a smaller scale leaves out is lost to the embedder.
CROPPED_PX = 640

# How much surer of an upright crop the detector is than of the same one upside down.
UPRIGHT_LEAD = 0.05

# Another face beside the main one is another person, where the detector is as sure as this of it.
COMPANION_SCORE = 0.75


@dataclass(frozen=True, eq=False)
class Sighting:
    """One face in a photo, cut out and measured.

    Attributes:
        face: in pixels of the photo as sent.
        crop: uint8 [112, 112, 3], RGB, aligned.
        quality: of the face.
    """

    face: Face
    crop: NDArray[np.uint8]
    quality: Quality

    @property
    def measured(self) -> MeasuredFace:
        """The face as it is kept and shown."""
        return measured_face(self.face, self.quality)


class GuardedNetwork:
    """A network that one thread at a time may run; the others wait, but not for ever."""

    def __init__(self, network: Network, lock: threading.Lock, wait_s: float):
        self._network, self._lock, self._wait_s = network, lock, wait_s

    def run(self, blob: Blob) -> dict[str, Blob]:
        """Run it once; see ``engines.Network``.

        Raises:
            Unavailable: the other threads kept it busy too long.
        """
        if not self._lock.acquire(timeout=self._wait_s):
            raise Unavailable("unavailable:networks")
        try:
            return self._network.run(blob)
        finally:
            self._lock.release()


class Pipeline:
    """The loaded models of this process, and what can be asked of them."""

    def __init__(self, pack: Pack, folder: Path, nose: NoseFile | None, limits: PictureLimits):
        """Load the networks of a pack; the owner's nose network goes before the pack's.

        Raises:
            PackError: a file cannot be loaded.
        """
        lock = threading.Lock()

        def guarded(path: Path, opencv_input: str = "") -> Network:
            return GuardedNetwork(load_network(path, opencv_input), lock, limits.inference_wait_s)

        self.pack, self.limits, self._nose_file = pack, limits, nose or _nose_of(pack, folder)
        self._detector = guarded(pack.path_of(pack.detector, folder), pack.detector.opencv_input)
        self._embedder = guarded(pack.path_of(pack.embedder, folder), pack.embedder.opencv_input)
        self._nose = guarded(self._nose_file.path) if self._nose_file else None
        self._faults = guarded(pack.path_of(pack.faults, folder)) if pack.faults else None

    def check(self, photo: bytes, steps: Steps) -> bool:
        """Run every network on a photo of one face; whether exactly that face was found."""
        picture = self.decode(photo, steps)
        faces = self.detect(picture, steps)
        if self._nose is not None and self._nose_file is not None:
            find_nose(self._nose, picture.pixels, self._nose_file)
        if len(faces) != 1:
            return False
        crop = self.sight(picture, faces[0], steps).crop
        self.embed(crop, steps)
        self._fault(crop, ENROLMENT.most_fault, steps)
        return True

    def decode(self, photo: bytes, steps: Steps) -> Picture:
        """Decode a photo as far as the networks need it; see ``decode.decode`` for what it raises."""
        return self._decoded(photo, self.limits, steps)

    def decode_asked(self, photo: bytes, steps: Steps) -> Picture:
        """The same of a picture that anybody may ask about; fewer pixels are taken."""
        return self._decoded(photo, self.limits.of_questions, steps)

    def detect(self, picture: Picture, steps: Steps) -> tuple[Face, ...]:
        """The faces of a picture, the largest first, in pixels of ``picture.pixels``.

        Those of people near the camera may reach beyond it.
        """
        file = self.pack.detector
        with steps("detect"):
            first = find_faces(self._detector, picture.pixels, file)
            near = find_near_faces(self._detector, picture.pixels, file)
            return together(first, near, max(picture.pixels.shape[:2]))

    def sight(self, picture: Picture, face: Face, steps: Steps) -> Sighting:
        """Cut out and measure one face that ``detect`` found."""
        with steps("align"):
            crop = align(picture.pixels, face)
            in_photo = face.scaled(picture.scale)
            return Sighting(in_photo, crop, measure(in_photo, crop, picture.width, picture.height))

    def embed(self, crop: NDArray[np.uint8], steps: Steps) -> Embedding:
        """Embed an aligned face, uint8 [112, 112, 3] RGB; float32 of unit length."""
        with steps("embed"):
            return embed(self._embedder, crop, self.pack.embedder)

    def judge(self, picture: Picture, gallery: Gallery, policy: Policy, steps: Steps) -> Verdict:
        """Say who is in a decoded photo from the door.

        Raises:
            Unavailable: the networks are busy.
        """
        faces = self.detect(picture, steps)
        if not faces:
            return Verdict(self._why_no_face(picture))
        sighting = self.sight(picture, faces[0], steps)
        crowded = _has_companion(faces, policy.companion_share)
        fault = Outcome.SEVERAL_PEOPLE if crowded else PROBE.fault(sighting.quality)
        if fault is None and not PROBE.is_face(self._recheck(sighting.crop, steps)):
            fault = Outcome.TOO_CLOSE if _is_near(picture, sighting) else Outcome.NO_FACE
        if fault is not None:
            return Verdict(Outcome(fault), face=sighting.face, quality=sighting.quality)
        probe = self.embed(sighting.crop, steps)
        unclear = self._fault(sighting.crop, UNCLEAR, steps) is not None
        with steps("match"):
            likeliest = match(probe, gallery)
        sure = likeliest.is_sure(needed_score(policy, unclear=unclear), policy.margin)
        return Verdict(
            outcome=Outcome.KNOWN if sure else Outcome.UNKNOWN,
            person=likeliest.person if sure else None,
            score=likeliest.score if likeliest.person is not None else None,
            face=sighting.face,
            quality=sighting.quality,
            probe=probe,
            reason=None if sure else refusal(likeliest, policy),
            unclear=unclear,
        )

    def single_face(self, photo: bytes, standard: Standard, steps: Steps) -> Sighting:
        """The one face of a photo that is to be enrolled or compared.

        Raises:
            UnusablePhoto: none, several, or one below the standard; its code says which.
            RequestError: the photo cannot be decoded, or the networks are busy.
        """
        return self.single_face_in(self.decode(photo, steps), standard, steps)

    def single_face_in(self, picture: Picture, standard: Standard, steps: Steps) -> Sighting:
        """The same of a photo that is decoded already.

        Raises:
            UnusablePhoto, Unavailable: as ``single_face`` says.
        """
        faces = self.detect(picture, steps)
        if not faces:
            raise UnusablePhoto(self._why_no_face(picture).value)
        if _has_companion(faces, COMPANION_SHARE):
            raise UnusablePhoto("several_people")
        sighting = self.sight(picture, faces[0], steps)
        fault = standard.fault(sighting.quality)
        if fault is None:
            fault = self._why_no_crop(picture, sighting, standard, steps)
        if fault is not None:
            raise UnusablePhoto(fault)
        return sighting

    def compare(self, first: bytes, second: bytes, steps: Steps) -> float:
        """The cosine of the two photos' faces; raises as ``single_face`` does, of ``decode_asked``."""
        pictures = (self.decode_asked(photo, steps) for photo in (first, second))
        probes = [self.single_face_in(picture, PROBE, steps) for picture in pictures]
        one, other = (self.embed(probe.crop, steps) for probe in probes)
        return cosine(one, other)

    def nose(self, photo: bytes, steps: Steps) -> tuple[float, float]:
        """Where the nose of the main face is, as fractions of the photo's width and height.

        Raises:
            UnusablePhoto: no face, where the detector is asked.
            RequestError: the photo cannot be decoded, or the networks are busy.
        """
        picture = self.decode_asked(photo, steps)
        if self._nose is not None and self._nose_file is not None:
            with steps("nose"):
                return find_nose(self._nose, picture.pixels, self._nose_file)
        faces = self.detect(picture, steps)
        if not faces:
            raise UnusablePhoto("no_face")
        x, y = faces[0].landmarks[2]
        height, width = picture.pixels.shape[:2]
        return min(max(x / width, 0.0), 1.0), min(max(y / height, 0.0), 1.0)

    def _decoded(self, photo: bytes, limits: PictureLimits, steps: Steps) -> Picture:
        with steps("decode"):
            enough_px = max(self.pack.detector.input_px, CROPPED_PX)
            return decode(photo, enough_px=enough_px, limits=limits)

    def _recheck(self, crop: NDArray[np.uint8], steps: Steps) -> Recheck:
        with steps("recheck"):
            return recheck(self._detector, crop, self.pack.detector)

    def _why_no_crop(
        self, picture: Picture, sighting: Sighting, standard: Standard, steps: Steps
    ) -> str | None:
        """Why a crop does not show an upright face where its landmarks say; ``None`` if it does.

        The detector finds lying faces too, and lays upright landmarks over them. Of two crops, one upside
        down, it is surer of the right one: by 0.096 or more, against at most 0.000 (made-up people).
        """
        upright = self._recheck(sighting.crop, steps)
        upside_down = self._recheck(np.ascontiguousarray(sighting.crop[::-1, ::-1]), steps)
        if upright.score - upside_down.score < UPRIGHT_LEAD:
            return "not_upright"
        if not standard.is_face(upright):
            return Outcome.TOO_CLOSE if _is_near(picture, sighting) else "obscured"
        return self._fault(sighting.crop, standard.most_fault, steps)

    def _fault(self, crop: NDArray[np.uint8], most: float, steps: Steps) -> str | None:
        if self._faults is None or self.pack.faults is None:
            return None
        with steps("faults"):
            fault, likely = find_fault(self._faults, crop, self.pack.faults)
        return fault if likely > most else None

    def _why_no_face(self, picture: Picture) -> Outcome:
        dark = brightness_of(picture.pixels) < PROBE.least_brightness
        return Outcome.TOO_DARK if dark else Outcome.NO_FACE


def _nose_of(pack: Pack, folder: Path) -> NoseFile | None:
    if pack.nose is None:
        return None
    return NoseFile(pack.path_of(pack.nose, folder), pack.nose.input_px, pack.nose.channels)


def _is_near(picture: Picture, sighting: Sighting) -> bool:
    return longer_side(sighting.face) >= NEAR * max(picture.width, picture.height)


def _has_companion(faces: tuple[Face, ...], share: float) -> bool:
    least_px = share * faces[0].size_px
    return any(face.size_px >= least_px and face.score >= COMPANION_SCORE for face in faces[1:])
