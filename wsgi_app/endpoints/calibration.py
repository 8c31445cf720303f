"""How sure are we? What the owner's own gallery says about the threshold."""

import math

from webob import Response

from wsgi_app.base.errors import BadRequest
from wsgi_app.house.calibration import Calibration, Question, examine
from wsgi_app.house.thresholds import LEAST_RATE, MOST_RATE, USUAL_RATE, one_in
from wsgi_app.vision.calibration import HIGH, LOW
from wsgi_app.web.call import Call
from wsgi_app.web.plots import Axis, Mirror, mirror
from wsgi_app.web.rendering import json_answer, negotiated, query_text

OFFERED_RATES = (0.01, 0.001, 0.0001)
WIDTH, HALF, TICKS = 560.0, 110.0, 7  # of the plot


def show(call: Call) -> Response:
    """``GET /calibration``: score distributions, error rates, and a threshold for a wanted ``?rate=``.

    The rate is the share of comparisons of different people that may pass, 0.001 by default.
    """
    calibration = _examined(call, _wanted_rate(call))
    return negotiated(
        call.request, {"json": lambda: json_answer(calibration), "html": lambda: _page(call, calibration)}
    )


def plot_of(calibration: Calibration) -> Mirror:
    """The scores of the same people, standing, and of different people, hanging."""
    bins = calibration.histogram
    counts = [each.genuine for each in bins], [each.impostor for each in bins]
    return mirror(Axis(LOW, HIGH, WIDTH), HALF, counts)


def _examined(call: Call, rate: float) -> Calibration:
    house = call.house
    embedder = house.pipeline.pack.embedder
    question = Question(house.config, embedder, rate, call.links.of_face)
    return examine(house.stores.gallery.rows(embedder.key), question)


def _page(call: Call, calibration: Calibration) -> Response:
    return call.page(
        "calibration.html",
        here="/calibration",
        calibration=calibration,
        plot=plot_of(calibration),
        ticks=TICKS,
        rates=sorted({*OFFERED_RATES, calibration.suggestion.wanted_rate}, reverse=True),
        one_in=one_in,
        margin=call.house.config.margin,
    )


def _wanted_rate(call: Call) -> float:
    text = query_text(call.request, "rate")
    try:
        rate = float(text) if text else USUAL_RATE
    except ValueError:
        rate = math.nan
    if not LEAST_RATE <= rate <= MOST_RATE:
        raise BadRequest("bad_query:rate", least=LEAST_RATE, most=MOST_RATE)
    return rate
