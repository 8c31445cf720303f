"""How the pages say what happened, and in which of the device's lights they show it."""

from wsgi_app.base.deeds import Deed
from wsgi_app.base.doors import DoorState
from wsgi_app.base.outcomes import Outcome, Reason

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
    "person face_confirmed": "said that a photo is one of",
    "person face_removed": "removed a photo of",
    "person forgotten": "forgot the person",
    "person undone": "undid a change of",
    "purge approved": "approved a purge that waited",
    "visit corrected": "said who it was at a visit",
    "visit correction_removed": "took back what was said of a visit",
    "visit ignored": "ignored a visit",
    "visit removed": "removed a visit",
    "visit undone": "undid what was said of a visit",
}

# What somebody just did and can undo, as the page says it.
DEEDS = {
    Deed.NAMED: "Noted who it was.",
    Deed.BARRED: "Noted who it was not.",
    Deed.IGNORED: "Left out of the inbox.",
    Deed.CORRECTED: "Noted.",
    Deed.CORRECTION_REMOVED: "What was said of this visit is taken back.",
    Deed.ENROLLED: "The photo is added.",
    Deed.FACE_REMOVED: "The photo is removed.",
    Deed.FACE_CONFIRMED: "Noted: it is them.",
}

# How each outcome reads on the page, and in which of the device's lights it would show.
OUTCOMES = {
    Outcome.KNOWN: ("let in", "green"),
    Outcome.UNKNOWN: ("not known", "red"),
    Outcome.NO_FACE: ("no face", "amber"),
    Outcome.TOO_DARK: ("too dark", "amber"),
    Outcome.TOO_SMALL: ("too far away", "amber"),
    Outcome.TOO_CLOSE: ("too close", "amber"),
    Outcome.BLURRED: ("not clear enough", "amber"),
    Outcome.SEVERAL_PEOPLE: ("several people", "amber"),
    Outcome.NOT_NOW: ("not at this hour", "red"),
}

# How each outcome reads as a line in a feed; ``{who}`` is whoever was let in.
TITLES = {
    Outcome.KNOWN: "{who} was let in",
    Outcome.UNKNOWN: "Somebody unknown was at the door",
    Outcome.NO_FACE: "No face was to be made out at the door",
    Outcome.TOO_DARK: "It was too dark at the door",
    Outcome.TOO_SMALL: "Somebody was too far from the door",
    Outcome.TOO_CLOSE: "Somebody was too close to the camera, or at its edge",
    Outcome.BLURRED: "Somebody was not clearly to be seen at the door",
    Outcome.SEVERAL_PEOPLE: "Several people were at the door",
    Outcome.NOT_NOW: "{who} was at the door at another hour than theirs",
}

# What is counted together on the dashboard: its words, its light, and the outcomes.
TALLIES = (
    ("let in", "green", (Outcome.KNOWN,)),
    ("not known", "red", (Outcome.UNKNOWN,)),
    ("not at this hour", "red", (Outcome.NOT_NOW,)),
    (
        "no usable photo",
        "amber",
        (
            Outcome.NO_FACE,
            Outcome.TOO_DARK,
            Outcome.TOO_SMALL,
            Outcome.TOO_CLOSE,
            Outcome.BLURRED,
            Outcome.SEVERAL_PEOPLE,
        ),
    ),
)

# How a door's state reads on the page, and in which light.
DOORS = {
    DoorState.HERE: ("here", "green"),
    DoorState.LATE: ("late", "amber"),
    DoorState.LOST: ("lost", "red"),
    DoorState.NEVER: ("never heard", "amber"),
}

# What is said of doors that should have been heard: their state, the words before their names, and the light.
SILENCES = (
    (DoorState.LOST, "Not heard any more", "red"),
    (DoorState.LATE, "Late", "amber"),
    (DoorState.NEVER, "Not heard yet", "amber"),
)

# Why somebody was refused who was like enough to somebody.
REASONS = {
    Reason.MARGIN: "Almost as like a second person, so it could be either.",
    Reason.BARRED: "Like enough to somebody, but just as like a face that was said not to be theirs.",
    Reason.NOT_AGREED: "Like enough, but too few photos of that moment agreed.",
    Reason.FEW_PHOTOS: "Like enough, but fewer photos of that moment came than have to agree.",
    Reason.UNCLEAR: "Like enough for a good photo, but this face is hidden in part, distorted or not clear.",
}

# How like a photo is to the kept face because of which it is refused, by the code of the refusal.
LIKENESSES = {
    "duplicate": "the same photo",
    "like_another": "much alike",
    "unlike_own": "hardly alike",
}

# What stands in the place of a photo that cannot be shown, by the code of the error.
PHOTOS = {
    "photo_gone": "photo gone",
    "photo_unkept": "photo not kept",
    "photo_damaged": "photo damaged",
    "photos_missing": "photo not there",
}
