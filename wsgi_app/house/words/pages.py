"""How the pages say what happened, and in which of the device's lights they show it."""

# What somebody did by hand, as it reads between who did it and what it was done to.
CHANGES = {
    "account invited": "made a link for a new account",
    "account joined": "made their account",
    "account link_removed": "took back a link",
    "account password_changed": "set a new password",
    "account password_link": "made a link for a new password",
    "account removed": "removed the account",
    "account role_changed": "changed the role",
    "account sign_in_failed": "failed to sign in",
    "account signed_in": "signed in",
    "account signed_out": "signed out",
    "device added": "gave a token to the door",
    "device revoked": "revoked the token of the door",
    "person added": "added the person",
    "person barred": "said that a face is not that of",
    "person changed": "changed the person",
    "person enrolled": "enrolled a photo of",
    "person face_removed": "removed a photo of",
    "person forgotten": "forgot the person",
    "visit corrected": "said who it was at a visit",
    "visit correction_removed": "took back what was said of a visit",
    "visit ignored": "ignored a visit",
    "visit removed": "removed a visit",
}

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

# What is said of doors that should have been heard: their state, the words before their names, and the light.
SILENCES = (
    ("lost", "Not heard any more", "red"),
    ("late", "Late", "amber"),
    ("never", "Not heard yet", "amber"),
)

# Why somebody was refused who was like enough to somebody.
REASONS = {
    "margin": "Almost as like a second person, so it could be either.",
    "barred": "Like enough to somebody, but just as like a face that was said not to be theirs.",
    "not_agreed": "Like enough, but too few photos of that moment agreed.",
}


def door_name(device: str) -> str:
    """What a door is called, without the kind of name before it: ``front`` for ``device:front``."""
    return device.partition(":")[2] or device
