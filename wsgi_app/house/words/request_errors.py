"""What can be wrong with a request itself, whatever it is about, and with whoever sends it."""

from wsgi_app.base.sentences import Place, Plural, Sentence

SENTENCES: dict[str, Sentence] = {
    # where it goes
    "not_found": "There is nothing at this address.",
    "not_found:upload": "There is nothing at this address. A photo is sent by POST, as the part of a form "
    "(curl -F file=@photo.jpg), to an address that takes it.",
    "bad_path:bytes": "The path holds bytes that no address here has.",
    "bad_path:not_utf8": "The path is not UTF-8.",
    "path_too_long": "A path has at most {bytes} bytes.",
    "method_not_allowed": "{method} is not allowed here; {allowed} are.",
    "method_not_allowed:upload": "PUT is not allowed here; {allowed} are. Send a photo by POST, as the part "
    "{field!r} of a form (curl -F {field}=@photo.jpg).",
    "not_acceptable": "This address answers as {types}.",
    "misdirected": "This server answers to its own machine's name alone.",
    "upgrade_required:feed": "The live feed is a WebSocket: open {address}, or read /events now and then.",
    "lab_off": "The lab is off; the setting PORTEIRO_LAB=1 turns it on.",
    # its query
    "bad_query:not_utf8": "The query is not UTF-8.",
    "bad_query:broken": "The query is broken.",
    "bad_query:number": "{field} must be a positive whole number.",
    "bad_query:whole_number": "{field} must be a whole number.",
    "bad_query:text": "{field} must be plain text of at most {most} characters.",
    "bad_query:outcome": "outcome must be one of {outcomes}.",
    "bad_query:corrected": "corrected must be yes or no.",
    "bad_query:day": "day must be a day such as 2026-01-31.",
    "bad_query:rate": "rate must be a number from {least:f} to {most}.",
    "bad_query:accept": "accept takes nothing but {only}.",
    "unknown_room": "room must be one of {rooms}.",
    # its headers
    "bad_header": "There are several {header} headers.",
    "bad_header:port": "The Host header names a port above 65535.",
    "bad_idempotency_key": "{header} takes 1 to 128 visible ASCII characters.",
    "update_device": "This door's software is too old for this server and could not check its answers: "
    "update it. A door with a token sends {header}: {version} with each press.",
    "update_server": "This server's software is too old for this door, which could not check its answers: "
    "update the server. It knows {header}: {version}.",
    "press_needed": "A door with a token sends {header} with each press.",
    "bad_press:boot": "{header} takes 1 to 64 letters, digits and -.",
    "bad_press:number": "{header} takes a whole number of up to 15 digits.",
    "bad_press:agreeing": "{header} takes 1, 2 or 3.",
    "bad_press:time": "{header} takes a time such as 2026-01-05T10:00:00.123+00:00.",
    "bad_press:no_zone": "{header} takes a time such as 2026-01-05T10:00:00.123+00:00, with its zone.",
    # its body
    "length_required": "Send the body with a Content-Length.",
    "bad_length": "Content-Length is not a number.",
    "body_incomplete": "The body ended before its Content-Length.",
    "too_large:body": "The body is too large: at most {bytes} bytes.",
    "unsupported_media_type:body": "Send the body as {expected}.",
    "unsupported_media_type:photo_outside_form": "Send the photo as the part {field!r} of a form (curl -F "
    "{field}=@photo.jpg), or by itself with the header Content-Type: image/jpeg, or whatever it is.",
    "unsupported_media_type:photos_outside_form": "Send the photos as the parts {first!r} and {second!r} of "
    "a form (curl -F {first}=@one.jpg -F {second}=@other.jpg).",
    "unsupported_media_type:photo_outside_json": 'Send the photo in base64, as JSON {{"image": "..."}} with '
    "the type application/json; as it is, it goes to image-bin.",
    "bad_json": "The body is not valid JSON.",
    "bad_json:not_utf8": "The JSON is not in UTF-8.",
    "bad_json:deep": "The JSON is nested deeper than {levels} levels.",
    "json_shape": "The JSON does not fit: {why}",
    "json_shape:long": "The JSON does not fit: {field} has at most {most} characters.",
    "json_shape:base64": "The JSON does not fit: {field} is no base64.",
    "json_shape:data_url": "The JSON does not fit: {field} is a data: URL without ;base64 before its data.",
    "json_shape:message": 'Send {{"say": "..."}}.',
    "bad_form:fields": "This is no form, such as name=Ana&room=hall in UTF-8, of at most {most} fields; "
    "send JSON as application/json.",
    "bad_form:method": "{field} must be one of POST, PUT, PATCH and DELETE.",
    "form_shape": "The form does not fit: {why}",
    "form_shape:long": "The form does not fit: {field} has at most {most} characters.",
    "bad_form:parts": "The form is broken or incomplete.",
    "bad_form:line_ends": "The form's lines have to end with CR and LF; these end with LF alone.",
    "too_large:file_name": "A part of the form has a file name that is too long: 255 letters are enough.",
    "too_large:form": "The form is too large: at most {parts} parts of {bytes} bytes.",
    "part_missing": "The form has no part named {field!r}.",
    "file_name_missing": "The part {field!r} has no file name.",
    "not_a_jpeg": "The photo must be a JPEG, named .jpg, .jpeg, .jpe or .jfif.",
    # who sends it
    "sign_in_needed": "Sign in first.",
    "wrong_password": "The name or the password is wrong.",
    "bad_basic": "This is no name and password as Basic has them.",
    "changed": "This account changed just now; sign in again.",
    "role": "This needs the role {needed}; {name} is {role}.",
    "csrf": "This page is from another sign-in; load it again.",
    "other_site:page": "Changes are accepted only from Porteiro's own pages.",
    "other_site:socket": "This WebSocket is for Porteiro's own pages.",
    "too_many:sign_ins": Plural(
        "minutes",
        one="Too many sign-ins failed; try again in a minute.",
        other="Too many sign-ins failed; try again in {minutes} minutes.",
    ),
    "token_needed": "A token is needed; whoever runs the server can make one.",
    "bad_token": "Nobody has this token; whoever runs the server can make one.",
    "bad_signature": "No door that has a token here has signed this request.",
    "bad_signature:form": 'A door signs with Authorization: Porteiro device="...", at="...", signature="..."'
    " alone.",
    "bad_signature:body": "This is not the body that was signed: its Content-Digest is another one.",
    "bad_signature:renew": "This door's token is of an earlier release, or made with another secret file: "
    "what it signs cannot be checked. Bring back that secret file, make a new token for the door, or let "
    "it ask over https.",
    "revoked": "This token is revoked; whoever runs the server can make another.",
    "other_device": "This token is another device's.",
    # what the server cannot do now
    "bad_request:http": "The request does not follow HTTP, or its headers are too large.",
    "bad_request:tls": "This is plain HTTP; write the address with http:// instead of https://.",
    "timeout": "The request took too long to arrive.",
    "internal": "Something went wrong here; the log has it.",
    "storage_full": "The server's disk is full, so nothing can be kept; whoever runs the server has to make "
    "room.",
    "storage_full:files": "The server's disk takes no more files, though it has room; whoever runs the "
    "server has to remove some.",
    "storage_low": "The server's disk has {free_mib} MiB left; there should be {least_mib}.",
    "photos_missing": "The photos are not where they were: is their disk not mounted?",
    "unavailable:disk": "The server's disk cannot be written; whoever runs the server has to look at it.",
    "unavailable:disk_read_only": "The server's disk is read-only, so nothing can be kept on it, nor "
    "removed; whoever runs the server has to look at it.",
    "unavailable:passwords": "Passwords cannot be worked on now; try again.",
    "unavailable:database": "The database does not answer; try again.",
    "unavailable:database_locked": "The database is kept busy by somebody else; try again.",
    "unavailable:database_read_only": "The database may not be written to: its file or disk is read-only.",
    "unavailable:database_damaged": {
        Place.TERMINAL: "The database is damaged; `porteiro check` says more.",
        Place.API: "The database is damaged; whoever runs the server can have it checked.",
    },
    "unavailable:database_replaced": "The database's file was replaced or removed while the server runs; "
    "whoever runs the server has to start it anew.",
    "too_many:sockets": "Too many WebSockets of one address are open.",
    "unavailable:sockets": "Too many WebSockets are open.",
    "too_many:pictures": "At most {most} pictures of one client wait at once; wait for an answer first.",
    "unavailable:pictures": "The server is busy with other pictures; try again.",
    "unavailable:workers": "Porteiro does not answer; try again.",
    "unavailable:connection": "The connection ended.",
}
