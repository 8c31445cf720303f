"""What the lab shows: literal tables, from which its front page and the lines to copy are made."""

from wsgi_app.lab.exhibits.answers import ANSWERS
from wsgi_app.lab.exhibits.inputs import INPUTS
from wsgi_app.lab.exhibits.resources import RESOURCES

EXHIBITS = (*ANSWERS, *INPUTS, *RESOURCES)
