"""How the pages say what happened, and in which of the device's lights they show it."""

# How each outcome reads on the page, and in which of the device's lights it would show.
OUTCOMES = {
    "known": ("let in", "green"),
    "unknown": ("not known", "red"),
    "no_face": ("no face", "amber"),
    "too_dark": ("too dark", "amber"),
    "too_small": ("too far away", "amber"),
    "blurred": ("blurred", "amber"),
    "several_people": ("several people", "amber"),
    "not_now": ("not at this hour", "red"),
}

# How each outcome reads as a line in a feed; ``{who}`` is whoever was let in.
TITLES = {
    "known": "{who} was let in",
    "unknown": "Somebody unknown was at the door",
    "no_face": "Nobody was to be seen at the door",
    "too_dark": "It was too dark at the door",
    "too_small": "Somebody was too far from the door",
    "blurred": "Somebody was blurred at the door",
    "several_people": "Several people were at the door",
    "not_now": "{who} was at the door at another hour than theirs",
}

# What is counted together on the dashboard: its words, its light, and the outcomes.
TALLIES = (
    ("let in", "green", ("known",)),
    ("not known", "red", ("unknown",)),
    ("not at this hour", "red", ("not_now",)),
    ("no usable photo", "amber", ("no_face", "too_dark", "too_small", "blurred", "several_people")),
)

# How a door's state reads on the page, and in which light.
DOORS = {
    "here": ("here", "green"),
    "late": ("late", "amber"),
    "lost": ("lost", "red"),
    "never": ("never heard", "amber"),
}
