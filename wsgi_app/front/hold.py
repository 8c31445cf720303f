"""uWSGI's master runs this file before its workers start: it takes the data folder's lock once more.

Where the master starts itself anew (SIGHUP) it closes what it had open, also what has the lock of uwsgi.ini.
Nothing of Porteiro's is imported: what the master has stays as it is when workers are renewed.
"""

import fcntl
import os

# Never closed: with any file number of the lock's file, a process lets go the lock itself.
NUMBER = os.open("run/lock", os.O_RDWR | os.O_CLOEXEC)
fcntl.lockf(NUMBER, fcntl.LOCK_EX | fcntl.LOCK_NB)
