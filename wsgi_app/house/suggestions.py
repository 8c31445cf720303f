"""A threshold to choose, as it is told: why it is that one, and the setting that applies it."""

import msgspec

from wsgi_app.house.thresholds import USUAL_RATE, one_in
from wsgi_app.vision.calibration import Suggestion
from wsgi_app.vision.packs import Threshold
from wsgi_app.vision.rates import Rate

DIGITS = 4  # of scores and shares, as they are told


class RateBody(msgspec.Struct):
    """A rate with its 95 % interval; ``share`` is ``null`` without a pair."""

    errors: int
    pairs: int
    share: float | None
    low: float
    high: float


class SuggestionBody(msgspec.Struct):
    """A threshold for a wanted false-accept rate, why it is that one, and the setting that applies it.

    ``warning`` says where it is less strict than what was measured of the models.
    """

    wanted_rate: float
    threshold: float
    from_gallery: bool
    reason: str
    warning: str | None
    setting: str
    false_accepts: RateBody
    false_rejects: RateBody


def rate_body(rate: Rate) -> RateBody:
    """A rate as it is told."""
    share = None if rate.share is None else round(rate.share, DIGITS + 2)
    return RateBody(rate.errors, rate.pairs, share, round(rate.low, DIGITS + 2), round(rate.high, DIGITS + 2))


def suggestion_body(suggestion: Suggestion, usual: Threshold) -> SuggestionBody:
    """What is told of a suggestion.

    Args:
        suggestion: as the gallery gives it.
        usual: the pack's threshold for ``USUAL_RATE``, below which one is warned.
    """
    return SuggestionBody(
        suggestion.wanted_rate,
        suggestion.threshold,
        suggestion.from_gallery,
        _reason(suggestion),
        _warning(suggestion.threshold, usual),
        _setting(suggestion),
        rate_body(suggestion.false_accepts),
        rate_body(suggestion.false_rejects),
    )


def _setting(suggestion: Suggestion) -> str:
    pack = suggestion.pack
    if pack is not None and pack.score == suggestion.threshold and pack.is_of_visits:
        return f"PORTEIRO_FAR_PER_VISIT={suggestion.wanted_rate:f}".rstrip("0")
    return f"PORTEIRO_THRESHOLD={suggestion.threshold:g}"


def _reason(suggestion: Suggestion) -> str:
    pairs, rate = suggestion.false_accepts.pairs, one_in(suggestion.wanted_rate)
    if suggestion.pack is None:
        return (
            f"Of {pairs:,} comparisons of different people here, "
            f"{suggestion.false_accepts.errors:,} reach it: no more than {rate} visits."
        )
    few = f"The {pairs:,} comparisons of different people here are too few to tell {rate} visits apart."
    return f"{few} {_of_pack(suggestion)}{_of_gallery(suggestion)}"


def _warning(score: float, usual: Threshold) -> str | None:
    if usual.false_accept_rate is None or score >= usual.score:
        return None
    return (
        f"This is below {usual.score:.3f}, from which on the pack keeps to {one_in(USUAL_RATE)} among "
        "strangers: whoever is not enrolled here is let in more easily than the photos here can tell."
    )


def _of_pack(suggestion: Suggestion) -> str:
    pack = suggestion.pack
    if pack is None or pack.false_accept_rate is None:
        return "Nobody measured this pack's rates; its own threshold stands in. "
    if pack.is_of_visits:
        return f"The pack keeps to {pack.measured_on}, from {pack.score:.3f} on. "
    kept = one_in(pack.false_accept_rate)
    if pack.false_accept_rate > suggestion.wanted_rate:
        return f"The strictest that was measured of this pack is {pack.score:.3f}, for {kept} comparisons. "
    return f"The pack keeps to {kept} comparisons from {pack.score:.3f} on, measured on {pack.measured_on}. "


def _of_gallery(suggestion: Suggestion) -> str:
    highest = suggestion.highest_impostor
    if highest is None:
        return "Nobody here can be compared with anybody else yet."
    if suggestion.pack is not None and suggestion.threshold > suggestion.pack.score:
        return f"Two people here are as alike as {highest:.3f}, so it lies just above that."
    return f"The most alike that two people here are is {highest:.3f}, which it is above."
