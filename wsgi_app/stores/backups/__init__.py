"""Backups of a house: a folder with a folder for each, and how one is written, read and thrown away.

::

    DIR/
    ├── 2026-11-29T02-00-00Z/     one backup, whole: it has this name only once it has been read back
    │   ├── manifest.json         what is in it, with the sha256 of each file; see ``manifest``
    │   ├── manifest.json.sha256  that of the manifest, as ``sha256sum --check`` reads it
    │   ├── porteiro.db           one moment of the database
    │   ├── photos/               as in the data folder; linked to those of the backup before
    │   ├── models/               fetched packs, and which one is chosen
    │   ├── networks/             those that lie outside of the data folder
    │   └── keys/doors.key        the secret of the doors' tokens
    ├── tombstones.jsonl          who and what was forgotten, by ids; see ``stores/tombstones``
    └── .lock

With a passphrase each file ends in ``.age`` and is one that age reads; ``sealing.json`` stands for the sum.
"""
