"""Every address of the server: what it does, and who may ask."""

from wsgi_app.access.roles import Role, Token
from wsgi_app.base.vitals import Vitals
from wsgi_app.endpoints import (
    api,
    audit,
    calibration,
    dashboard,
    door,
    events,
    health,
    images,
    live,
    metrics,
    sign_in,
    undo,
)
from wsgi_app.endpoints.accounts import index as accounts
from wsgi_app.endpoints.accounts import invitations, welcome
from wsgi_app.endpoints.accounts.bodies import AccountBody, AccountList
from wsgi_app.endpoints.devices import index as devices
from wsgi_app.endpoints.devices.bodies import DeviceBody, DeviceList, NewDevice
from wsgi_app.endpoints.people import export, faces
from wsgi_app.endpoints.people import index as people
from wsgi_app.endpoints.people.bodies import (
    FaceBody,
    FaceList,
    PersonBody,
    PersonChange,
    PersonList,
    WholePerson,
)
from wsgi_app.endpoints.purges import index as purges
from wsgi_app.endpoints.purges.bodies import HeldPurge
from wsgi_app.endpoints.unknown import index as unknown
from wsgi_app.endpoints.unknown.bodies import Barred, Barring, Ignoring, InboxBody, Named, Naming
from wsgi_app.endpoints.visits import corrections
from wsgi_app.endpoints.visits import index as visits
from wsgi_app.endpoints.visits.bodies import VisitBody, VisitList
from wsgi_app.endpoints.visits.filters import QUERY as FILTERS
from wsgi_app.house.calibration import Calibration
from wsgi_app.house.events import EventsBody
from wsgi_app.house.judging import Judgement
from wsgi_app.web.presses import PRESS_HEADERS
from wsgi_app.web.routing import Multipart, Route

ANYONE, VIEWER, OPERATOR, OWNER = Role
PAGES = ("json", "html")
PICTURES = ("image/jpeg", "image/png", "image/webp", "image/heic", "image/avif")

ROUTES = (
    Route("GET", "/", dashboard.show, VIEWER, formats=("html",)),
    Route(
        "POST",
        "/",
        door.answer,
        ANYONE,
        token=Token.DOOR_IF_ASKED,
        takes=Multipart(door.PHOTO_FIELDS, alone=PICTURES[:1]),
        gives=Judgement,
        headers=PRESS_HEADERS,
        also=(404,),
    ),
    Route(
        "POST",
        "/image-64",
        images.nose_base64,
        ANYONE,
        takes=images.Base64Image,
        gives=images.Nose,
        json_only=True,
    ),
    Route(
        "POST",
        "/image-bin",
        images.nose_binary,
        ANYONE,
        takes=Multipart(("image",), alone=PICTURES),
        gives=images.Nose,
    ),
    Route(
        "POST",
        "/faces",
        images.faces,
        ANYONE,
        takes=Multipart(("image",), alone=PICTURES),
        gives=images.FoundFaces,
    ),
    Route(
        "POST",
        "/compare",
        images.compare,
        ANYONE,
        takes=Multipart(("a", "b"), needed=2),
        gives=images.Comparison,
    ),
    Route(
        "GET", "/people", people.index, VIEWER, gives=PersonList, formats=PAGES, query=("q",), paged="after"
    ),
    Route("POST", "/people", people.create, OPERATOR, takes=WholePerson, gives=PersonBody, status=201),
    Route("GET", "/people/{person}", people.show, VIEWER, gives=PersonBody, formats=PAGES),
    Route(
        "PUT", "/people/{person}", people.put, OPERATOR, takes=WholePerson, gives=PersonBody, versioned=True
    ),
    Route(
        "PATCH",
        "/people/{person}",
        people.patch,
        OPERATOR,
        takes=PersonChange,
        gives=PersonBody,
        versioned=True,
    ),
    Route("DELETE", "/people/{person}", people.remove, OPERATOR, versioned=True),
    Route("GET", "/people/{person}/export", export.show, OPERATOR, formats=("zip",)),
    Route("GET", "/calibration", calibration.show, VIEWER, gives=Calibration, formats=PAGES, query=("rate",)),
    Route("GET", "/people/{person}/faces", faces.index, VIEWER, gives=FaceList),
    Route(
        "POST",
        "/people/{person}/faces",
        faces.enrol_face,
        OPERATOR,
        takes=Multipart(("file",), instead=faces.FaceOfVisit, alone=PICTURES),
        gives=FaceBody,
        query=("accept",),
        status=201,
    ),
    Route("GET", "/people/{person}/faces/{face}", faces.show, VIEWER, gives=FaceBody),
    Route("DELETE", "/people/{person}/faces/{face}", faces.remove, OPERATOR, versioned=True),
    Route("POST", "/people/{person}/faces/{face}/confirm", faces.confirm, OPERATOR, gives=FaceBody),
    Route("GET", "/people/{person}/faces/{face}/photo", faces.photo, VIEWER, formats=("png",)),
    Route(
        "GET",
        "/visits",
        visits.index,
        VIEWER,
        gives=VisitList,
        formats=("json", "html", "atom", "csv"),
        query=FILTERS,
        paged="before",
    ),
    Route("GET", "/visits/{visit}", visits.show, VIEWER, gives=VisitBody, formats=PAGES),
    Route("DELETE", "/visits/{visit}", visits.remove, OPERATOR, versioned=True),
    Route(
        "PUT",
        "/visits/{visit}/correction",
        corrections.replace,
        OPERATOR,
        takes=corrections.CorrectionChange,
        gives=VisitBody,
        versioned=True,
    ),
    Route("DELETE", "/visits/{visit}/correction", corrections.remove, OPERATOR, versioned=True),
    Route("GET", "/visits/{visit}/photo", visits.photo, VIEWER, formats=("jpeg",)),
    Route("GET", "/visits/{visit}/thumbnail", visits.thumbnail, VIEWER, formats=("jpeg",)),
    Route("GET", "/unknown", unknown.index, VIEWER, gives=InboxBody, formats=PAGES, paged="before"),
    Route("GET", "/unknown/{visit}/face", unknown.face, VIEWER, formats=("jpeg",)),
    Route("POST", "/unknown/name", unknown.name, OPERATOR, takes=Naming, gives=Named),
    Route("POST", "/unknown/ignore", unknown.ignore, OPERATOR, takes=Ignoring),
    Route("POST", "/unknown/not", unknown.bar, OPERATOR, takes=Barring, gives=Barred),
    Route("POST", "/undo/{change}", undo.take_back, OPERATOR),
    Route("POST", "/purge", purges.approve, OWNER, gives=HeldPurge, status=202),
    Route("GET", "/devices", devices.index, VIEWER, gives=DeviceList, formats=PAGES, paged="after"),
    Route("POST", "/devices", devices.create, OWNER, takes=devices.DeviceName, gives=NewDevice, status=201),
    Route("GET", "/devices/{device}", devices.show, VIEWER, gives=DeviceBody, formats=PAGES),
    Route("DELETE", "/devices/{device}", devices.remove, OWNER, versioned=True),
    Route(
        "PUT",
        "/devices/{device}/heartbeat",
        devices.hear,
        ANYONE,
        token=Token.DOOR,
        takes=Vitals,
        json_only=True,
    ),
    Route("GET", "/sign-in", sign_in.show, ANYONE, formats=("html",), query=("next",)),
    Route("POST", "/sign-in", sign_in.enter, ANYONE, takes=sign_in.SignIn),
    Route("POST", "/sign-out", sign_in.leave, VIEWER),
    Route("GET", "/welcome", welcome.show, ANYONE, formats=("html",), query=("token",)),
    Route("POST", "/welcome", welcome.accept, ANYONE, takes=welcome.Welcome, gives=AccountBody, status=201),
    Route("GET", "/accounts", accounts.index, OWNER, gives=AccountList, formats=PAGES, paged="after"),
    Route("GET", "/accounts/{account}", accounts.show, OWNER, gives=AccountBody),
    Route(
        "PATCH",
        "/accounts/{account}",
        accounts.change,
        OWNER,
        takes=accounts.RoleChange,
        gives=AccountBody,
        versioned=True,
    ),
    Route("DELETE", "/accounts/{account}", accounts.remove, OWNER, versioned=True),
    Route("GET", "/invitations", invitations.index, OWNER, gives=invitations.InvitationList),
    Route(
        "POST",
        "/invitations",
        invitations.create,
        OWNER,
        takes=invitations.LinkWish,
        gives=invitations.NewInvitation,
        status=201,
    ),
    Route("DELETE", "/invitations/{invitation}", invitations.remove, OWNER),
    Route("GET", "/audit", audit.index, OWNER, gives=audit.AuditLog, formats=PAGES, paged="before"),
    Route("GET", "/events", events.index, VIEWER, gives=EventsBody, paged="after"),
    Route(
        "POST",
        "/messages",
        events.say,
        OPERATOR,
        takes=events.MessageText,
        gives=events.MessageSaid,
        status=202,
    ),
    Route("GET", "/live", live.connect, VIEWER, status=426),
    Route("GET", "/health/live", health.live, ANYONE, gives=health.Life, counted=False),
    Route("GET", "/health/ready", health.ready, ANYONE, gives=health.Readiness),
    Route("GET", "/metrics", metrics.show, ANYONE, formats=("text",)),
    Route("GET", "/openapi.json", api.document, ANYONE, status=200),
    Route("GET", "/api", api.show, VIEWER, formats=("html",)),
)
