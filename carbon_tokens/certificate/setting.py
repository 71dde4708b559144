"""Setting a certificate with Typst: PDF/A-3b with the data inside, and its first page as SVG or PNG.

Typst brings its own fonts, and the PDF is dated with the block of which the certificate speaks, so that neither machine
nor day changes a byte. Only where a name has signs that those fonts lack are the machine's asked, and what no font has
becomes a box: PDF/A forbids a sign without a shape. PDF/A-3b is ISO 19005-3: a document for archives that may hold the
data it shows. The SVG has outlines in place of letters, so that it looks alike everywhere and asks for no font.
"""

from __future__ import annotations

import json
import re
import unicodedata
from importlib import resources
from typing import Any
from xml.sax.saxutils import escape

from carbon_tokens.certificate import marks
from carbon_tokens.certificate.face import face
from carbon_tokens.certificate.facts import CertificateFacts
from carbon_tokens.certificate.languages import ENGLISH, Language
from carbon_tokens.certificate.schedule import schedule
from carbon_tokens.certificate.wording import NO_PAGE, SCAN
from carbon_tokens.claims.proof import Proof
from carbon_tokens.errors import CertificateRefused, ExtraMissing

PIXELS = 1600  # width of the PNG
_WIDTH = 600  # of the picture, pt
_BOX = "□"
_SPACES = "\n\u00a0"
_TRIES = 20  # scripts without a font
_OWN = re.compile("[\\x20-\\u052f\\u1e00-\\u1fff\\u2010-\\u2027\\u2030-\\u205e\\u2080-\\u208e\\u2212\u00a0]*")
_LACKING = re.compile(r'the text `"(?:\\u\{([0-9a-f]+)\}|\\?(.))')
Content = dict[str, Any]


def pdf(facts: CertificateFacts, proof: Proof, url: str = "", language: Language = ENGLISH) -> bytes:
    """The certificate as PDF/A-3b with certificate.json and proof.json attached.

    Args:
        url: address of a node whose page of the claim the code leads to.

    Raises:
        ExtraMissing: typst or segno is not installed.
        CertificateRefused: an address that cannot be opened.
    """
    attached = {"certificate": facts.canonical().decode(), "proof": proof.canonical().decode()}
    content = _content(facts, url, language) | {"form": "sheet", "schedule": schedule(facts, language)}
    return _archived(content, facts, attached)[0]


def svg(facts: CertificateFacts, url: str = "", language: Language = ENGLISH) -> bytes:
    """The first page as SVG, 600 units wide, with its sentences as text for who cannot see it. Raises as ``pdf``."""
    content = _content(facts, url, language) | {"form": "picture"}
    made = _picture(content, facts, format="svg").decode()
    said = content["face"]
    title = escape(_plain(f"{said['title']}: {said['name']}, {said['period']}"))
    words = escape(_plain(" ".join([said["claim"], *(f"{each['label']}: {each['t']} t." for each in said["figures"]),
                                    said["state"] + ".", *said["limits"]])))  # fmt: skip
    opened, closed, rest = made.partition(">")
    return f'{opened} role="img"{closed}<title>{title}</title><desc>{words}</desc>{rest}'.encode()


def png(facts: CertificateFacts, url: str = "", language: Language = ENGLISH) -> bytes:
    """The first page as PNG, 1,600 pixels wide. Raises as ``pdf``."""
    content = _content(facts, url, language) | {"form": "picture"}
    return _picture(content, facts, format="png", ppi=72 * PIXELS / _WIDTH)


def _content(facts: CertificateFacts, url: str, language: Language) -> Content:
    address = marks.address(facts, url)
    return {
        "language": language.code,
        "face": face(facts, language),
        "code": marks.code(address),
        "rosette": marks.rosette(facts.claim.id),
        "leads": language.say(SCAN if url else NO_PAGE),
    }


def _picture(content: Content, facts: CertificateFacts, **options: Any) -> bytes:
    """The first page; with unusual signs as the sheet has it, which is set first to know what its fonts have."""
    text, machine = json.dumps(_plain(content), ensure_ascii=False), False
    if not _OWN.fullmatch(text):
        _, text, machine = _archived(content, facts, {})
    return _set({"content": text}, machine, **options)


def _archived(content: Content, facts: CertificateFacts, attached: dict[str, str]) -> tuple[bytes, str, bool]:
    """The PDF, its texts as they could be set, and whether the machine's fonts were needed."""
    text, machine = json.dumps(_plain(content), ensure_ascii=False), False
    for _ in range(_TRIES):
        try:
            inputs = {"content": text, **attached}
            made = _set(inputs, machine, format="pdf", pdf_standards=["a-3b"], timestamp=facts.validity.time)
            return made, text, machine
        except RuntimeError as error:  # TypstError
            found = _LACKING.search(str(error))
            if not found:
                raise
            sign = chr(int(found[1], 16)) if found[1] else found[2]
            text, machine = _without(text, sign) if machine else text, True
    todo = "Register the facility under a name in fewer scripts."
    raise CertificateRefused("it has signs of too many scripts that no font here has", where="name", todo=todo)


def _plain(value: Any) -> Any:
    """A value whose texts have no signs that turn, hide or control others."""
    if isinstance(value, dict):
        return {name: _plain(item) for name, item in value.items()}
    if isinstance(value, list):
        return [_plain(item) for item in value]
    return "".join(each for each in value if each.isprintable() or each in _SPACES) if isinstance(value, str) else value


def _without(text: str, sign: str) -> str:
    """A box for every sign of the script of one that cannot be set."""
    script = unicodedata.name(sign, sign).split()[0]
    return "".join(_BOX if unicodedata.name(each, each).split()[:1] == [script] else each for each in text)


def _set(inputs: dict[str, str], machine: bool, **options: Any) -> bytes:
    try:
        import typst
    except ImportError as error:
        what, todo = "a certificate needs typst, which is not installed", "pip install 'carbon-tokens[report]'"
        raise ExtraMissing(what, where="certificate", todo=todo) from error
    template = resources.files("carbon_tokens.certificate").joinpath("certificate.typ").read_bytes()
    made: bytes = typst.compile(template, ignore_system_fonts=not machine, sys_inputs=inputs, **options)
    return made
