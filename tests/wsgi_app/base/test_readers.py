"""What owners are told of a reader's values is what it takes; ``test_settings`` has what is refused."""

import pytest

from wsgi_app.base.readers import YES_OR_NO, Reader, number, one_of, whole


@pytest.mark.parametrize(
    ("reader", "values", "texts"),
    [
        (whole(1, 64), "1 to 64", {"1": 1, "64": 64}),
        (number(0.0, 1.0), "0 to 1", {"0": 0.0, "1": 1.0, "0.55": 0.55}),
        (one_of("rgb", "bgr"), "rgb or bgr", {"rgb": "rgb", "bgr": "bgr"}),
        (one_of("a", "b", "c"), "a, b or c", {"c": "c"}),
        (YES_OR_NO, "0 or 1", {"0": False, "1": True}),
    ],
    ids=lambda part: part if isinstance(part, str) else "",
)
def test_a_reader_takes_the_values_that_it_names(
    reader: Reader[object], values: str, texts: dict[str, object]
) -> None:
    assert reader.values == values
    assert {text: reader.read(text) for text in texts} == texts
