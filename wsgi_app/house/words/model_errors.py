"""What can be wrong with photos, and with the models that look at them."""

from wsgi_app.base.sentences import Place, Sentence

SENTENCES: dict[str, Sentence] = {
    # photos that nobody can be recognised on: there are several ways to most, and the words are true of all
    "no_face": "No face can be made out in this photo; use one that shows it whole and upright, in "
    "even light.",
    "several_people": "There are several people in this photo; use one that shows a single person.",
    "too_small": "The face is too small in this photo; come closer to the camera.",
    "too_close": "The face is not whole in this photo: too near to the camera, or at the edge; step "
    "back, into the middle.",
    "distorted": "The face is too wide or too narrow in this photo: it was stretched, or taken from aside; "
    "use one as the camera took it, from the front.",
    "obscured": "Not all of the face can be made out in this photo; use one where nothing hides it, without "
    "glare or deep shadow.",
    "too_dark": "The face is too dark in this photo; use one with more light on it.",
    "blurred": "The face is not clear enough in this photo; use one in focus and held still, in even light "
    "that is neither dim nor glaring.",
    "not_upright": "No upright face can be made out in this photo; turn it, or use one that shows the whole "
    "face in even light.",
    "turned_away": "The face looks to the side in this photo; use one that looks into the camera.",
    # files that are no photos
    "unsupported_media_type:picture": "This is not a JPEG, PNG, WebP, HEIC or AVIF picture.",
    "unsupported_media_type:kind": "This is {kind}, which is not read here; send a usual JPEG, a PNG, a "
    "WebP, a HEIC or an AVIF.",
    "unreadable_image:broken": "The picture is broken or incomplete.",
    "unreadable_image:incomplete": "The picture is incomplete: a part of it never arrived; send it again.",
    "unreadable_image:scans": "The JPEG has too many scans for its size; save it without the option "
    "progressive.",
    "image_too_large": "The picture has too many pixels: at most {megapixels} megapixels and {side_px} px a "
    "side.",
    "image_too_large:png": "The PNG has more than {megabytes} MB unpacked; save it with 8 bits a channel and "
    "without transparency, smaller, or as a JPEG.",
    "bad_crop:own": "The kept crop {file} cannot be read ({why}): a photo of {name}, by which nobody is "
    "known now. Remove it from their page, and add another.",
    "bad_crop:barring": "The kept crop {file} cannot be read ({why}): a face that is not {name}'s, so "
    "nobody is taken for {name} now. Remove it from their page.",
    # what the server cannot do now
    "unavailable:networks": "The server is busy with other photos; try again.",
    "unavailable:embedding": "The models have not seen all known faces yet; try again.",
    "unavailable:models": "The models cannot look now.",
    "unavailable:detector": "The detector does not find the face of the built-in picture.",
    # packs of models
    "pack:neither": "{name!r} is neither a known pack ({packs}) nor a folder.",
    "pack:unknown": "There is no pack {name!r}; there are {packs}.",
    "pack:no_folder": "There is no model pack folder {folder}.",
    "pack:description": "{file} does not describe model packs: {why}",
    "pack:shares_more": "{file}: pack {pack!r} is to share networks that pack {shipped!r} does not have.",
    "pack:incomplete": "{folder} holds no complete model pack. A pack is, for example, {wanted}.",
    "pack:missing_fetch": {
        Place.TERMINAL: "{file} is missing. `porteiro models fetch {pack}` brings the right one.",
    },
    "pack:missing_copy": {
        Place.TERMINAL: "{file} is missing. Copy it anew from where the pack came from; `porteiro models use "
        "NAME` takes another pack.",
    },
    "pack:altered_fetch": {
        Place.TERMINAL: "{file} is not the file that pack {pack!r} describes (its sha256 differs). `porteiro "
        "models fetch {pack}` brings the right one.",
    },
    "pack:altered_copy": {
        Place.TERMINAL: "{file} is not the file that pack {pack!r} describes (its sha256 differs). Copy it "
        "anew from where the pack came from; `porteiro models use NAME` takes another pack.",
    },
    "pack:missing": "{file} is missing.",
    "pack:wrong_file": "{file} is not the right file (its sha256 differs); it was removed.",
    "pack:no_download": {
        Place.TERMINAL: "{file} cannot be downloaded; copy it with --from DIR. It is {source}.",
    },
    "pack:download": {
        Place.TERMINAL: "{file} could not be downloaded ({why}); what came is kept, and the same command "
        "goes on from there. On a machine without internet use --from DIR.",
    },
    "pack:download_either": {
        Place.TERMINAL: "{address_error} {index_error} Give pip an index that this machine reaches (`pip "
        "config set global.index-url ADDRESS`); or run `pip download --no-deps {package}` elsewhere, copy "
        "{wheel} here and use --from DIR.",
    },
    "pack:no_pip": "{package} would be taken from the package index, but this Python has no pip.",
    "pack:pip": "pip could not download {package}: {why}.",
    "pack:pip_other": "pip did not bring {file}.",
    "pack:pip_more": "pip brought more bytes than {file} has.",
    "pack:pip_slow": "pip took too long to bring {file}.",
    "pack:wrong_wheel": "{file} is not the right file (its sha256 differs).",
    "pack:not_in_wheel": "{file} does not hold {name}.",
    "pack:blind": "Pack {pack!r} does not find the face of the built-in picture; use another.",
    # a pack's networks
    "pack:other_file": "{file}: a network file ends with {endings}.",
    "pack:unreadable": "{file} cannot be loaded as a network: {why}",
    "pack:no_graph": "{file} cannot be loaded as a network: it is no frozen TensorFlow graph",
    "pack:cannot_look": "{file} cannot look at a photo: {why}",
    "pack:no_detector": "{file} is no face detector of YuNet's form: it gives {outputs}.",
    "pack:no_embedder": "{file} does not give one embedding of {size} numbers.",
    "pack:no_faults": "{file} does not give one number for each of the faults that it is said to see.",
    "pack:no_nose": "{file} does not give one (x, y); it is no nose network.",
}
