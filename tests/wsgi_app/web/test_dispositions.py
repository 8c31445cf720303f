"""Names of parts and files, as clients write them."""

import pytest
from multipart import MultipartSegment

from wsgi_app.web.dispositions import boundary_of, disposition

ENCODED_WORD = '"=?utf-8?B?5YaZLmpwZw==?="'


def read(rest: str) -> tuple[str, str | None]:
    header = f"form-data; {rest}".encode().decode("latin-1")  # as the parser gives it
    return disposition(MultipartSegment([("Content-Disposition", header)]))


@pytest.mark.parametrize(
    ("given", "name", "filename"),
    [
        ('name="file"; filename="a.jpg"', "file", "a.jpg"),
        ("name=file; filename=a.jpg", "file", "a.jpg"),
        ("name=file;filename=a.jpg", "file", "a.jpg"),
        ('NAME="file" ; FileName="a.jpg"', "file", "a.jpg"),
        ('filename="a.jpg"; size=123; name="file"', "file", "a.jpg"),
        ('name="file"; filename="a; name=other.jpg"', "file", "a; name=other.jpg"),
        ('name="file"; filename="a.jpg"; filename="b.png"', "file", "a.jpg"),
        ("name=file; filename=my photo.jpg", "file", "my photo.jpg"),
        ("name=file; filename=olá.jpg", "file", "olá.jpg"),
        ('name="olá"; filename="写.jpg"', "olá", "写.jpg"),
        ('name="fi%22le"; filename="a%22b%0D%0A.jpg"', 'fi"le', 'a"b\r\n.jpg'),
        (r'name="fi\"le"; filename="a\"b\\.jpg"', 'fi"le', 'a"b\\.jpg'),
        (r'name="file"; filename="C:\photos\a.jpg"', "file", "a.jpg"),
        ('name="file"; filename="100%.jpg"', "file", "100%.jpg"),
        ('name=""; filename=""', "", ""),
        ('name="file"', "file", None),
        ('filename="a.jpg"', "", "a.jpg"),
        # RFC 5987, alone and beside others
        ("name=file; filename*=UTF-8''%E5%86%99.jpg", "file", "写.jpg"),
        ("name=file; filename*=utf-8'en'ol%C3%A1%20a.jpg", "file", "olá a.jpg"),
        ("name=file; filename*=iso-8859-1''ol%E1.jpg", "file", "olá.jpg"),
        ("name=file; filename*=\"UTF-8''%E5%86%99.jpg\"", "file", "写.jpg"),
        ("filename*=UTF-8''%E5%86%99.jpg; filename=\"x.jpg\"; name=file", "file", "写.jpg"),
        (f"name=file; filename={ENCODED_WORD}; filename*=utf-8''%E5%86%99.jpg", "file", "写.jpg"),
        ("name=file; filename=\"a.jpg\"; filename*=klingon''b.png", "file", "a.jpg"),
        ("name=file; filename=\"a.jpg\"; filename*=UTF-8''%ff.png", "file", "a.jpg"),
        ('name=file; filename="a.jpg"; filename*=nothing.png', "file", "a.jpg"),
        ("name=file; filename*=klingon''caf%C3%A9.jpg", "file", "café.jpg"),
        ("name=file; filename*=UTF-8''ol%E1.jpg", "file", "olá.jpg"),
        ('name=file; filename*="photo.jpg"', "file", "photo.jpg"),
        ("name=file; filename*=", "file", None),
        # Quotes that nobody escaped
        ('name="file"; filename="a"b.jpg"', "file", 'a"b.jpg'),
        ('filename="a"b" c.jpg" ; name="file"', "file", 'a"b" c.jpg'),
        ('name="file"; filename="a"', "file", "a"),
        # RFC 2231
        ('name=file; filename*0="pho"; filename*1="to.jpg"', "file", "photo.jpg"),
        ("name=file; filename*1=to.jpg; filename*0=pho", "file", "photo.jpg"),
        ("name=file; filename*0*=UTF-8''%e5%86%99; filename*1*=.jpg", "file", "写.jpg"),
        (
            "name=file; filename*0*=UTF-8''%e5%86; filename*1*=%99; filename*2=\"100%.jpg\"",
            "file",
            "写100%.jpg",
        ),
        ("filename=\"x.jpg\"; filename*0*=UTF-8''%e5%86%99; filename*1=.jpg; name=file", "file", "写.jpg"),
        ('name=file; filename*0="写"; filename*1=".jpg"', "file", "写.jpg"),
        ('name=file; filename*0="a\\"b"; filename*1="\'c.jpg"', "file", "a\"b'c.jpg"),
        ('name=file; filename*0="a.jpg"; filename*2=".png"', "file", "a.jpg"),
        ('name=file; filename="a.jpg"; filename*1=".png"', "file", "a.jpg"),
        ('name=file; filename="a.jpg"; filename*0*=b.png', "file", "a.jpg"),
        ("name=file; filename=\"a.jpg\"; filename*0*=UTF-8''%ff; filename*1=.png", "file", "a.jpg"),
        ("name=file; filename*1=a.jpg", "file", None),
        ("name=file; filename*0*=klingon''caf; filename*1*=%C3%A9.jpg", "file", "café.jpg"),
        ("name=file; filename*0=a'b'c.jpg", "file", "a'b'c.jpg"),
        # RFC 2047
        (f"name=file; filename={ENCODED_WORD}", "file", "写.jpg"),
        ('name=file; filename="=?iso-8859-1?Q?ol=E1_a=2Ejpg?="', "file", "olá a.jpg"),
        ('name=file; filename="=?klingon?B?5YaZLmpwZw==?="', "file", "=?klingon?B?5YaZLmpwZw==?="),
        ('name=file; filename="=?utf-8?B?5?="', "file", "=?utf-8?B?5?="),
    ],
)
def test_names_are_read_as_they_were_meant(given: str, name: str, filename: str | None) -> None:
    assert read(given) == (name, filename)


def test_bytes_that_are_no_utf8_are_latin_1() -> None:
    header = 'form-data; name="file"; filename="ol\xe1.jpg"'

    assert disposition(MultipartSegment([("Content-Disposition", header)])) == ("file", "olá.jpg")


@pytest.mark.parametrize(
    ("content_type", "boundary"),
    [
        ("multipart/form-data; boundary=frontier", b"frontier"),
        ('multipart/form-data; boundary="frontier"', b"frontier"),
        ("multipart/form-data; boundary==/:?(,)'+_-.x", b"=/:?(,)'+_-.x"),
        ('multipart/form-data; boundary="=/:?( ;x"; charset=utf-8', b"=/:?( ;x"),
        ("multipart/form-data; charset=utf-8; BOUNDARY=a=b ; x=y", b"a=b"),
        ("multipart/form-data;boundary=x", b"x"),
        ("multipart/form-data; boundary=caf\xe9", b"caf\xe9"),
        ("multipart/form-data", b""),
        ("multipart/form-data; boundary=", b""),
    ],
)
def test_a_boundary_may_hold_anything(content_type: str, boundary: bytes) -> None:
    assert boundary_of(content_type) == boundary
