"""What saying who it was does: visits are settled, and faces learnt, barred and unlearnt.

Nothing here is done but by somebody's word, and the last word counts. Photos are looked at first; then each
is one change, which is made whole or not at all, and can be taken back.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from wsgi_app.base.corrections import CorrectionVerdict
from wsgi_app.base.deeds import Deed
from wsgi_app.base.errors import (
    RequestError,
    Unfit,
    Unprocessable,
)
from wsgi_app.base.faces import Objection
from wsgi_app.base.names import clean_name
from wsgi_app.house.barring import bar_with, look_to_bar
from wsgi_app.house.enrolment import Enroller
from wsgi_app.house.learning import (
    MOST_ENROLLED,
    best_first,
    learn,
    learnt_from,
    look_at,
    unlearn,
    untried_of,
)
from wsgi_app.stores.changes import Change
from wsgi_app.stores.people import PeopleStore, Person
from wsgi_app.stores.stores import Stores
from wsgi_app.stores.visit_states import Expected, refuse_changed
from wsgi_app.stores.visits import Visit


@dataclass(frozen=True)
class Statement:
    """What somebody says of a visit.

    Attributes:
        verdict: in one word.
        person_id: who it was, with ``PERSON`` alone.
        name: who it was where no id is given; somebody new is added.
    """

    verdict: CorrectionVerdict
    person_id: str | None = None
    name: str | None = None


@dataclass(frozen=True)
class Enrolments:
    """What naming some visits did.

    Attributes:
        person: who made them.
        enrolled: how many of their faces the person now has.
        refused: why the others were not learnt, by the visits' ids.
        change: takes it back; ``None`` where it changed nothing.
    """

    person: Person
    enrolled: int
    refused: dict[str, RequestError]
    change: Change | None


def name(
    enroller: Enroller,
    visits: Sequence[Visit],
    statement: Statement,
    accept: frozenset[Objection] = frozenset(),
) -> Enrolments:
    """Say who made some visits, and learn the best photos of them.

    Photos that cannot be used change nothing about who it was.

    Args:
        enroller: learns.
        visits: of which it is said.
        statement: who made them.
        accept: the objections in spite of which photos are learnt.

    Raises:
        NotFound: nobody has that id, or a visit is gone.
        Unprocessable: as ``checked_name``.
        Unavailable: the networks are busy; the visits are in the inbox still.
    """
    stores, ids = enroller.stores, [visit.id for visit in visits]
    known = known_person(stores.people, statement)
    had = learnt_from(stores, visits, known)
    best = best_first(visits)[:MOST_ENROLLED]
    seen, refused = look_at(enroller, [visit for visit in best if visit.id not in had])
    others = enroller.others(list(seen.values()), known.id if known else "")
    with stores.database.write():
        known = known_person(stores.people, statement)
        changing = stores.changes.record(Deed.NAMED, "", [known.id] if known else [], ids)
        with changing as made:
            person = known or stores.people.add(checked_name(statement.name or ""))
            made.subject = person.id
            made.people.add(person.id)
            unlearn(stores, visits, person.id)
            stores.corrections.set(ids, CorrectionVerdict.PERSON, person.id)
            refused |= learn(enroller, seen, others, person, accept)
            learnt = learnt_from(stores, visits, person)
    refused = untried_of(visits) | refused
    refused = {visit: error for visit, error in refused.items() if visit not in learnt}
    return Enrolments(person, len(visits) - len(refused), refused, made.change)


def correct(enroller: Enroller, visit: Visit, statement: Statement, expected: Expected) -> Change | None:
    """Say of a visit what somebody says, instead of what was said before; gives what takes that back.

    Faces are unlearnt that the visit taught wrongly. Where the door took it for somebody else, that face is
    barred from being taken for them again.

    Args:
        enroller: keeps what is barred.
        visit: of which it is said.
        statement: what is said.
        expected: whether the visit still is as the caller last saw it.

    Raises:
        PreconditionFailed: it is not; nothing is unlearnt, and nobody added then.
        NotFound, UnusablePhoto, Unavailable: as ``bar``.
        Unprocessable: as ``checked_name``.
    """
    stores, verdict = enroller.stores, statement.verdict
    refuse_changed(stores.visits.state(visit.id), expected)
    is_person, says_who = verdict is CorrectionVerdict.PERSON, verdict is not CorrectionVerdict.IGNORED
    taken_for = visit.person_id if says_who else None
    known = known_person(stores.people, statement) if is_person else None
    seen = None
    if taken_for is not None and (known is None or known.id != taken_for):
        seen = look_to_bar(enroller, [visit], taken_for)
    with stores.database.write():
        known = known_person(stores.people, statement) if is_person else None
        people = {person for person in (taken_for, known and known.id) if person}
        with stores.changes.record(Deed.CORRECTED, visit.id, people, [visit.id]) as made:
            refuse_changed(stores.visits.state(visit.id), expected)
            if is_person:
                known = known or stores.people.add(checked_name(statement.name or ""))
                made.people.add(known.id)
            person_id = known.id if known else None
            if says_who:
                unlearn(stores, [visit], person_id)
            if taken_for is not None and taken_for != person_id:
                bar_with(stores, [visit], taken_for, seen)
            stores.corrections.set([visit.id], verdict, person_id)
    return made.change


def take_back(stores: Stores, visit: Visit, expected: Expected) -> Change | None:
    """Let the door's own verdict on a visit stand again; gives what takes that back.

    Raises:
        NotFound: nothing was said of it.
        PreconditionFailed: ``expected`` says no.
    """
    people = [visit.person_id] if visit.person_id else []
    with stores.changes.record(Deed.CORRECTION_REMOVED, visit.id, people, [visit.id]) as made:
        stores.corrections.remove(visit.id, expected)
        unlearn(stores, [visit], visit.person_id)
    return made.change


def ignore(stores: Stores, visit_ids: Sequence[str]) -> Change | None:
    """Leave visits out of the inbox, and learn nothing; gives what takes that back.

    Raises:
        NotFound: one of the visits is not there.
    """
    with stores.changes.record(Deed.IGNORED, visit_ids[0], visits=visit_ids) as made:
        stores.corrections.set(visit_ids, CorrectionVerdict.IGNORED)
    return made.change


def known_person(people: PeopleStore, statement: Statement) -> Person | None:
    """The person that is meant, by their id, or else by their name; ``None`` for somebody new of that name.

    Raises:
        NotFound: nobody has that id.
        Unprocessable: as ``checked_name``.
    """
    if statement.person_id is not None:
        return people.get(statement.person_id)
    return people.named(checked_name(statement.name or ""))


def checked_name(text: str) -> str:
    """What somebody is to be called, as it is kept; see ``names.clean_name``.

    Raises:
        Unprocessable: it cannot be a name.
    """
    try:
        return clean_name(text)
    except Unfit as error:
        raise Unprocessable.of(error) from error
