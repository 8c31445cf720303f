"""What can be wrong with backups, with restoring one, and with the way back to an earlier release."""

from wsgi_app.base.sentences import Place, Sentence

SENTENCES: dict[str, Sentence] = {
    # making one
    "backup:busy": "Another backup of this house, or into this folder, is being made now.",
    "backup:folder_name": "The name of the folder for backups is not in UTF-8.",
    "backup:other_folder": {
        Place.TERMINAL: "{folder} is not the folder that had the backups before, or the one above it is not "
        "there. Is a disk missing? If it is a new one, begin with `porteiro backup {folder}`.",
        Place.API: "{folder} is not the folder that had the backups before, or the one above it is not "
        "there. Is a disk missing? If it is a new one, make the first backup by hand.",
    },
    "backup:photos_missing": "The photos are not in {folder}: is their disk not mounted?",
    "backup:database": "The database cannot be copied whole: {why}.",
    "backup:database_torn": "The database cannot be copied whole: a row names another one that is not there.",
    "backup:system": "The backup cannot be written: {path}: {why}.",
    "backup:altered": "What was written is not what can be read back: {file}. Is the disk broken?",
    # its passphrase
    "passphrase:unreadable": "The file of the passphrase, {file}, cannot be read: {why}.",
    "passphrase:others": "The file of the passphrase, {file}, can be read or changed by others (mode "
    "{mode}): chmod 600 {file}",
    "passphrase:unfit": "A passphrase has from {least} to {most} bytes, on one line, in UTF-8.",
    # restoring one
    "restore:none": "There is no backup in {folder}.",
    "restore:encrypted": {
        Place.TERMINAL: "{backup} is encrypted: give its passphrase with --passphrase-file or "
        "--ask-passphrase.",
        Place.API: "{backup} is encrypted, and no passphrase was given.",
    },
    "restore:passphrase": "This is not the passphrase of {backup}.",
    "restore:damaged": {
        Place.TERMINAL: "{backup} is damaged: {file} is not what was written. Restore another one: its "
        "folder in place of this one, and --dry-run tells first whether it is whole.",
        Place.API: "{backup} is damaged: {file} is not what was written.",
    },
    "restore:format": "Porteiro {version} made {backup}, in a form that this release does not know. Restore "
    "it with that release, or with a newer one.",
    "restore:newer": "Porteiro {version} made this backup, whose schema {schema} is newer than this "
    "release's {own}. Restore it with that release, or with a newer one.",
    "restore:not_empty": {
        Place.TERMINAL: "{folder} is not empty. Move what is there aside, or restore into another folder "
        "with --to.",
        Place.API: "{folder} is not empty.",
    },
    "restore:in_the_way": {
        Place.TERMINAL: "{file} is there already, and is not the one of the backup. Move it aside, or "
        "restore into a folder of its own with --to.",
        Place.API: "{file} is there already, and is not the one of the backup.",
    },
    # the way back to an earlier release
    "roll_back:needless": "The database has no schema that is newer than this release's {schema}; there is "
    "nothing to roll back.",
    "roll_back:none": {
        Place.TERMINAL: "There is no copy of the database from before the upgrade in {folder}: it is removed "
        "after a week, or when somebody is forgotten. Restore a backup: `porteiro restore DIR --to FOLDER`.",
        Place.API: "There is no copy of the database from before the upgrade in {folder}.",
    },
    "roll_back:in_use": "{database} is in use. Stop the server first.",
}
