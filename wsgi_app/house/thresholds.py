"""When a match is good enough: by a setting, or by a wanted rate for the people who are enrolled."""

import math

from wsgi_app.base.config import Config
from wsgi_app.vision.packs import EmbedderFile, Threshold
from wsgi_app.vision.thresholds import threshold_for
from wsgi_app.vision.verdicts import Policy

USUAL_RATE, LEAST_RATE, MOST_RATE = 0.001, 0.000001, 0.1  # of strangers' visits, that one can want
OWN_RATE = 0.01  # of strangers' photos that are taken for somebody's own without a doubt


def policy_for(config: Config, embedder: EmbedderFile, people: int) -> Policy:
    """When a match is good enough, and from when on a photo is taken for one more of a person's.

    Args:
        config: the settings.
        embedder: what was measured of it.
        people: who are enrolled.
    """
    threshold = threshold_in_force(config, embedder, people).score
    own, sure = own_threshold(embedder), embedder.thresholds[0].score
    return Policy(threshold, config.margin, own=min(own, threshold), sure=min(sure, threshold))


def own_threshold(embedder: EmbedderFile) -> float:
    """From which likeness on a photo is taken for one more of a person's.

    It passes about one in a hundred of strangers' photos that are given for somebody's, by the first of the
    pack's thresholds of that rate. A pack without one has its first threshold.
    """
    rated = (one.score for one in embedder.thresholds if one.false_accept_rate == OWN_RATE)
    return next(rated, embedder.thresholds[0].score)


def threshold_in_force(config: Config, embedder: EmbedderFile, people: int) -> Threshold:
    """The likeness from which on somebody is known, and where it comes from.

    It is the setting's, else the one for the wanted rate of strangers.
    """
    if config.threshold is not None:
        same = (threshold for threshold in embedder.thresholds if threshold.score == config.threshold)
        return next(same, Threshold(score=config.threshold, measured_on="set by PORTEIRO_THRESHOLD"))
    if not embedder.strangers:
        return embedder.thresholds[0]
    return threshold_for_rate(embedder, config.far_per_visit, people)


def threshold_for_rate(embedder: EmbedderFile, rate: float, people: int) -> Threshold:
    """The likeness at which no more than a share of strangers' visits are taken for one of the people.

    It is no lower than the pack's first one, whatever the rate: that keeps strangers apart who are harder to
    tell from each other than those whom the visits were measured with. For a pack without a measure of visits
    it is the least strict one that keeps to the share of comparisons, or its strictest.

    Args:
        embedder: what was measured of it.
        rate: the share.
        people: who are enrolled; nobody counts as one.
    """
    if not embedder.strangers:
        measured = embedder.thresholds
        kept = [each for each in measured if (each.false_accept_rate or math.inf) <= rate]
        return min(kept, key=_score, default=max(measured, key=_score))
    people = max(people, 1)
    enrolled = "1 person" if people == 1 else f"{people:,} people"
    return Threshold(
        score=max(threshold_for(rate, people, embedder.strangers), embedder.thresholds[0].score),
        measured_on=f"at most {one_in(rate)} visits of strangers, for {enrolled}",
        false_accept_rate=rate / people,
        is_of_visits=True,
    )


def one_in(rate: float) -> str:
    """A rate in words, such as ``1 in 1,000``."""
    return f"1 in {1 / rate:,.0f}" if rate <= 0.5 else f"{rate:.0%}"  # noqa: PLR2004


def _score(threshold: Threshold) -> float:
    return threshold.score
