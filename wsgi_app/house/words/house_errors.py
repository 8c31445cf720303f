"""What can be wrong with people, visits, doors and accounts, and with what is to be done to them."""

from wsgi_app.base.sentences import Place, Plural, Sentence

SENTENCES: dict[str, Sentence] = {
    # at the start
    "config": "{message}",
    # people and their faces
    "not_found:person": "There is no such person.",
    "not_found:face": "This person has no such face.",
    "precondition_failed:person": "This person was changed since you last read them; read them again.",
    "precondition_failed:face": "This face was changed since you last read it; read it again.",
    "name_taken:person": "There is already somebody called {name}.",
    "too_many_faces": "{name} has {faces} photos, as many as anybody may have; remove one first.",
    "duplicate:own": "{name} has this photo already; use another one.",
    "duplicate:returned": "{name} has this photo again already: there is nothing to bring back.",
    "duplicate:other": "{other} has this photo already; if it shows {name}, remove it from {other}'s "
    "photos first.",
    "unlike_own": {
        Place.PAGE: "This does not look like the photos that {name} has (likeness {score:.2f}). If it is "
        "{name} all the same, press 'Enrol all the same'.",
        Place.TERMINAL: "This does not look like the photos that {name} has (likeness {score:.2f}). If it is "
        "{name} all the same, enrol it with --accept-unlike-own.",
        Place.API: "This does not look like the photos that {name} has (likeness {score:.2f}). If it is "
        "{name} all the same, send accept=unlike_own.",
    },
    "like_another": {
        Place.PAGE: "This looks like {other} (likeness {score:.2f}), who is enrolled already. If it is "
        "{name} all the same, press 'Enrol all the same'.",
        Place.TERMINAL: "This looks like {other} (likeness {score:.2f}), who is enrolled already. If it is "
        "{name} all the same, enrol it with --accept-like-another.",
        Place.API: "This looks like {other} (likeness {score:.2f}), who is enrolled already. If it is "
        "{name} all the same, send accept=like_another.",
    },
    "enough_photos": "This photo was not tried: of one naming the {most} best photos are learnt.",
    "corrected": "This visit is said to be somebody else's, or nobody's; change that correction first.",
    "barred": "This visit's photo is kept as one that is not {name}; remove that one first.",
    "too_large:photo": "The file is larger than {bytes} bytes.",
    # files and folders that are left out where everybody in a folder is enrolled
    "hidden": "It is hidden: its name begins with a dot.",
    "in_no_folder": "It lies in no person's folder.",
    "link_outside": "It is a link that leads out of this folder.",
    "link_to_folder": "It is a link to a folder; links to folders are not followed.",
    "not_a_file": "It is no ordinary file.",
    "unreadable": "It cannot be read: {why}.",
    "no_photo": "There is no photo in this folder.",
    "none_enrolled": "None of the photos in it could be enrolled.",
    # names
    "bad_name:no_letter": {
        Place.TERMINAL: "{name!r} cannot be a name: a name needs at least one letter.",
        Place.API: "This cannot be a name: a name needs at least one letter.",
    },
    "bad_name:long": {
        Place.TERMINAL: "{name!r} cannot be a name: a name has at most {most} characters.",
        Place.API: "This cannot be a name: a name has at most {most} characters.",
    },
    "bad_name:control": {
        Place.TERMINAL: "{name!r} cannot be a name: a name holds no control characters.",
        Place.API: "This cannot be a name: a name holds no control characters.",
    },
    "bad_name:bytes": "This cannot be a name: it is not in UTF-8.",
    "bad_name:reserved": "Nobody can be called {name} here; choose another name.",
    "bad_name:colon": "This cannot be a name: programs could not sign in with a : in it.",
    "bad_name:device": "{name!r} cannot be a door's name: 1 to 63 of a-z, 0-9 and -, the first one no -.",
    # when somebody may come in
    "bad_rule:start": "This cannot be the begin of a period: a day is written as 2026-12-03, a time as "
    "2026-12-03T09:00.",
    "bad_rule:start_year": "This cannot be the begin of a period: a period lies between the years {first} "
    "and {last}.",
    "bad_rule:end": "This cannot be the end of a period: a day is written as 2026-12-03, a time as "
    "2026-12-03T09:00.",
    "bad_rule:end_year": "This cannot be the end of a period: a period lies between the years {first} "
    "and {last}.",
    "bad_rule:order": "The period ends before it begins.",
    "bad_rule:row": "These cannot be hours: each row of hours is written as tue 09:00-12:00.",
    "bad_rule:many_rows": "These cannot be hours: there are at most {most} rows of hours.",
    "bad_rule:no_times": "These cannot be hours: for {days} both times are needed, such as 09:00 and 12:00.",
    "bad_rule:no_day": "These cannot be hours: for {time} a day is needed.",
    "bad_rule:same_times": "These cannot be hours: hours begin and end at different times; a whole day is "
    "00:00-24:00.",
    "bad_rule:days": "These cannot be hours: days are written as {days}, mon-fri or mon,thu.",
    "bad_rule:times": "These cannot be hours: times are written from 00:00 to 24:00.",
    # visits and their photos
    "not_found:visit": "There is no such visit.",
    "not_found:visits_face": "This visit shows no face.",
    "not_found:correction": "Nobody has corrected this visit.",
    "precondition_failed:visit": "This visit was changed since you last read it; read it again.",
    "correction_shape": "Send one of person, name and verdict.",
    "photo_gone": "This photo is gone.",
    "photo_unkept": "This photo was not kept: its door had sent too many that day.",
    "photo_damaged": {
        Place.TERMINAL: "This photo is damaged: it is not what was kept. `porteiro check` names all of them.",
        Place.API: "This photo is damaged: it is not what was kept.",
    },
    "unavailable:gallery": "The gallery changed while this photo was judged; try again.",
    "naming_shape": "Send one of person and name.",
    # what is taken back
    "not_found:change": "This cannot be undone any more: it was undone already, it is too long ago, or what "
    "it was about is deleted.",
    "changed_since": "This cannot be undone any more: something of it was changed since. Change it by hand.",
    "changed_since:undo_first": "This cannot be undone yet: something was done since with what it was about. "
    "Undo that first, the latest first.",
    "changed_since:photos": "This cannot be undone yet: whoever was added by it has another photo since. "
    "Remove that first.",
    "changed_since:known": "This cannot be undone any more: whoever was added by it came in since, or was "
    "said to be seen. Change it by hand, or forget them.",
    "changed_since:said": "This cannot be undone any more: it is not what was said of the visit since. "
    "Change it by hand.",
    "never_compared": "This cannot be undone any more: the networks were changed since, and have not seen "
    "the photo that would come back. Add it again.",
    # what is too old
    "purge_held:clock_jumped": {
        Place.TERMINAL: "Nothing is removed: the clock has jumped since the last purge, and {visits} of {of} "
        "visits would go. The purge goes on by itself once the clock is as it was; if it is right now, "
        "`porteiro purge --yes` goes on. `porteiro purge --dry-run` says what would be removed.",
        Place.API: "Nothing is deleted: the clock has jumped since the last purge, and {visits} of {of} "
        "visits would go. The purge goes on by itself once the clock is as it was, or when an owner says "
        "that it is right now, and approves it.",
    },
    "purge_held:all_old": {
        Place.TERMINAL: "Nothing is removed: even the newest visit is too old, and {visits} of {of} visits "
        "would go. If the clock is right, `porteiro purge --yes` goes on. `porteiro purge --dry-run` says "
        "what would be removed.",
        Place.API: "Nothing is deleted: even the newest visit is too old, and {visits} of {of} visits would "
        "go. The purge goes on when an owner says that the clock is right, and approves it.",
    },
    "purge_held:most_visits": {
        Place.TERMINAL: "Nothing is removed: {visits} of {of} visits would go. If the clock is right, and "
        "for how long visits are kept, `porteiro purge --yes` goes on. `porteiro purge --dry-run` says what "
        "would be removed.",
        Place.API: "Nothing is deleted: {visits} of {of} visits would go. The purge goes on when an owner "
        "says that the clock is right, and for how long visits are kept, and approves it.",
    },
    "no_purge_held": "No purge waits until somebody approves it.",
    # what operators say
    "empty_message": "A message needs at least one letter.",
    "long_message": "A message has at most {most} letters.",
    # doors
    "not_found:device": "There is no such device, or its token is revoked.",
    "precondition_failed:device": "This door was heard since you last read it; read it again.",
    "name_taken:device": {
        Place.TERMINAL: "{name} has a token; `porteiro token revoke {name}` first makes room for another.",
        Place.API: "{name} has a token; revoke that one first to make room for another.",
    },
    "too_soon:day": "This door has sent {most} presses today, more than any door does; it goes on tomorrow.",
    "too_soon": Plural(
        "seconds",
        one="Too many refusals in a row at this door; press again in a second.",
        other="Too many refusals in a row at this door; press again in {seconds} seconds.",
    ),
    "replayed": "This press is no later than the last one of this door; press again.",
    "replayed:clock": "The server's clock was ahead when this door was pressed last; press again.",
    "replayed:heartbeat": "This heartbeat is no later than the last one of this door.",
    "clock:late": "This came {seconds:.1f} s after its time: it was kept too long, or the clocks "
    "differ. At most {most_s} s are allowed; synchronise both clocks.",
    "clock:early": "This came {seconds:.1f} s before its time: the clocks of door and server "
    "differ. At most {most_s} s are allowed; synchronise both clocks.",
    # accounts and the links to them
    "not_found:account": "There is no such account.",
    "precondition_failed:account": "This account was changed since you last read it; read it again.",
    "name_taken:account": "Somebody here has that name already; choose another.",
    "last_owner": "This is the last owner; make somebody else an owner first.",
    "not_found:link": "There is no such link; it was used already, or is too old.",
    "link_gone": "This link was used already, or is too old; ask for another.",
    "many_links": "There are {most} open links; take some back first.",
    "bad_password:length": "A password has from {least} to {most:,} letters.",
    "bad_password:twice": "The two passwords differ; type the same twice.",
}
