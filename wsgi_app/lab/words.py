"""How the lab says what is wrong, as the house says it or in words of its own."""

from wsgi_app.base.sentences import Sentence
from wsgi_app.web.errors import saying

SENTENCES: dict[str, Sentence] = {
    # languages and names
    "unknown_language": "lang is one of {languages}.",
    "header_too_long": "{header} has at most {most} characters.",
    "bad_name:shown": "{where} has at most {most} characters, none of them a control character.",
    "bad_name:not_utf8": "{header} is not UTF-8.",
    # statuses and headers
    "unknown_status": "The statuses known here are {statuses}.",
    "not_found:ever": "There is never anything at this address.",
    "bad_status": "A redirect has one of {statuses} for its status.",
    "bad_target": "`to` is a plain path below the lab, such as /hello: no scheme, no host, no // and no .., "
    "nothing encoded, no backslash, and at most {most} characters with the mount.",
    "too_many_headers": "At most {most} headers are sent.",
    "bad_header_name": "A header's name is X- and words of letters and digits with - between them, at most "
    "{most} characters.",
    "bad_header_name:meant": "Names that begin so mean something to a server, a proxy or a browser; try "
    "X-Lesson.",
    "bad_header_value": "A header's value is 1 to {most} printable ASCII characters, without a line's end "
    "and without a space around it.",
    # sums
    "unsupported_media_type:sum": "Send the sum as {one} or {other}.",
    "operand_missing": "{name} is missing; send a whole number.",
    "given_twice": "{name} came more than once; send it once.",
    "not_a_whole_number": "{name} must be a whole number such as 12 or -3.",
    "operand_too_large": "{name} may have at most {most} digits.",
    "unknown_operator": "op must be one of {operators}.",
    "unknown_operator:space": "In a form + means a space; send %2B instead of it.",
    "division_by_zero": "Nothing can be divided by zero; send another b.",
    # forms, counters, streams
    "unsupported_media_type:json_or_form": "Send {json}, or a form as {one} or {other}.",
    "unsupported_media_type:form": "Send the form as {one} or {other}.",
    "unknown_place": "where must be one of {places}.",
    "bad_lines": "`lines` is a number from {least} to {most}.",
    "busy": "This is done for one at a time, with a rest after it, for it keeps a worker from the door.",
    "unavailable:turns": "The lab cannot keep a file now; the log says why.",
    # the password
    "sign_in_needed:lab": "Sign in first. The name is {name}, and the password is {password}.",
    "wrong_password:lab": "The name or the password is wrong. The name is {name}, and the password is "
    "{password}.",
    # files
    "no_folder": "No folder is shown here: set PORTEIRO_LAB_FILES to one.",
    "not_found:file_or_folder": "There is no such file or folder.",
    "not_found:file": "There is no such file.",
    "large_file": "Files of more than {bytes} bytes are not sent from here.",
    "range_not_satisfiable": "There are {size} bytes here.",
    "unavailable:files": "The server has too many files open; try again.",
    "not_found:exhibit": "No exhibit has this name; there are {names}.",
    # notes
    "unsupported_media_type:note": "Send the note as {one} or {other}.",
    "not_found:note": "There is no such note.",
    "empty_note": "A note needs some text.",
    "bad_note": "A note has no control characters but tabs and new lines.",
    "kept": "This note may be read, but neither changed nor deleted; make another.",
    "full": "There are {most} notes already; delete one first.",
    "unavailable:notebook": "What the lab keeps cannot be opened now; the log says why.",
    # WebSockets
    "no_rooms": "The rooms are kept by a process of uWSGI's; this server has none.",
    "upgrade_required:rooms": "The rooms are WebSockets: open {address}?room=echo or {address}?room=all.",
}

sentence = saying(SENTENCES)
