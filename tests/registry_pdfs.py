"""PDFs of our own making in the forms of registries' statements: plain bytes, so that a test can damage them."""

from __future__ import annotations

from collections.abc import Sequence

Fields = Sequence[tuple[str, str]]

GO_TOP = """From
Account Holder:
Example Trading
To
Name of Beneficiary:
Example Node
Cancellation Purpose:
For 2021 consumption.
Second line
Consumption Period:
2021-01-01 to 2021-12-31
Usage Category:
Disclosure
Transaction details
Transaction Type:
Cancel
Transaction Number:
2021123100001
Total GO:
{total}
Total
Total MWh:
{total}
Certificate Number
(From - To)
Volume
Production Device
(GSRN, installed
capacity, name)
Support
Schemes
"""
GO_ROW = """{first}
To
{last}
{volume}
Norway
F01050200,
T030000
S
2021-03-22
2021-03-04
To
2021-03-05
707052300010000001
32
 MW
Example Falls
GO
No support
"""
STATNETT = """Cancellation Statement
This cancellation statement proves that {total} Guarantees of Origin has been cancelled
Name of Beneficiary Example
Node
Consumption Start 2021-01-01
Consumption End 2021-12-31
Transaction Number 2021123100002
Cancellation Purpose Disclosure
Volume cancelled (sum) {total}
Production Device Name Example Falls
GSRN 707052300010000001
Volume cancelled (sum) {total}
Certificate Bundles cancelled
Certificate Number (From - To) Volume Domain Fuel
{first}
{last}
{volume}  Norway F01050200
T030000
2021-03-22 2021-03-04
2021-03-05
Example Falls
707052300010000001
32 (MW)
Guarantee of
Origin
No
support
"""
WREGIS = """Account Holder: Example Trading Name of Beneficiary: Example Node
Retirement Purpose: Voluntary
Domain: USA Consumption Period: 2021
Total RECs:  {total}
Total MWh:  {total}
Year Month Technology Type Facility ID Start# End# # of RECs Retirement State Last Operation
2020 9 Wind {facility} {first} {last}  {volume} CO Retirement confirmed by WREGIS admin
Status Counter Party Last Operation Date  Retire Reason
{status} WREGIS admin5/5/22 Voluntary
"""
IREC = """This Redemption Statement has been produced for
EXAMPLE
EXAMPLE
NODE
NODE
by
EXAMPLE TRADING
confirming the Redemption of
{total}
{total}
I-REC Certificates, representing {total}
MWh
of
electricity generated from renewable sources
This Statement relates to electricity consumption located at or in
Exampleland
Exampleland
in respect of the reporting period
2021-01-01
2021-01-01
to
 2021-12-31
 2021-12-31
The stated Redemption Purpose is
Disclosure
Disclosure
QR Code Verification
QR Code Verification
https://example.org/certificates/1
Redeemed Certificates
Redeemed Certificates
"""
IREC_DEVICE = """Production Device Details
Production Device Details
Carbon
Carbon
(CO
(CO
 /
 /
MWh)
MWh)
Example Wind
Power Project
Exampleland
Wind
Onshore
No
2015-12-01
0.000
Redeemed Certificates
Redeemed Certificates
Issuer
Issuer
"""
IREC_ROW = """{first}
{last}
{volume}
Inc
2021-01-01
-
2021-04-30
"""


def pdf(texts: Sequence[str], fields: Sequence[Fields] = ()) -> bytes:
    """A PDF with a page for each text, and on it widgets with these values."""
    objects: list[bytes] = [
        b"",
        b"",
        b"<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica /Encoding /WinAnsiEncoding >>",
    ]
    kids = []
    for at, text in enumerate(texts):
        drawn = _drawn(text)
        objects.append(b"<< /Length %d >>\nstream\n%s\nendstream" % (len(drawn), drawn))
        content, widgets = len(objects), []
        for name, value in fields[at] if at < len(fields) else ():
            objects.append(b"<< /Type /Annot /Subtype /Widget /FT /Tx /Rect [0 0 9 9] /T (%s) /V (%s) >>" %
                           (_escaped(name), _escaped(value)))  # fmt: skip
            widgets.append(b"%d 0 R" % len(objects))
        objects.append(
            b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 612 792] /Resources << /Font << /F1 3 0 R >> >>"
            b" /Contents %d 0 R /Annots [%s] >>" % (content, b" ".join(widgets))
        )
        kids.append(b"%d 0 R" % len(objects))
    objects[0] = b"<< /Type /Catalog /Pages 2 0 R >>"
    objects[1] = b"<< /Type /Pages /Kids [%s] /Count %d >>" % (b" ".join(kids), len(kids))
    return _file(objects)


def _drawn(text: str) -> bytes:
    lines = b" T* ".join(b"(%s) Tj" % _escaped(line) for line in text.splitlines())
    return b"BT /F1 8 Tf 9 TL 20 780 Td %s ET" % lines


def _escaped(text: str) -> bytes:
    return text.encode("cp1252").replace(b"\\", b"\\\\").replace(b"(", b"\\(").replace(b")", b"\\)")


def _file(objects: Sequence[bytes]) -> bytes:
    data, places = b"%PDF-1.4\n", []
    for number, content in enumerate(objects, 1):
        places.append(len(data))
        data += b"%d 0 obj\n%s\nendobj\n" % (number, content)
    table = b"".join(b"%010d 00000 n \n" % place for place in places)
    end = b"trailer\n<< /Size %d /Root 1 0 R >>\nstartxref\n%d\n%%%%EOF\n" % (len(objects) + 1, len(data))
    return data + b"xref\n0 %d\n0000000000 65535 f \n" % (len(objects) + 1) + table + end


def nar(*lines: tuple[str, str], total: str = "", day: str = "May 05, 2022", device: str = "GEN2613") -> bytes:
    """A certificate of NAR: serials and quantities, a page each; ``total`` of every page if not its quantity."""
    texts, fields = [], []
    for at, (serial, quantity) in enumerate(lines):
        end = str(290 + at) if at else ""
        texts.append("North American Renewables Registry Certificate of Retirement\nNAR ID  Project Name")
        fields.append([
            (f"BeneficialOwner{end}", "Example Node"), (f"Quantity1{end}", f"Total RECs Retired: {total or quantity}"),
            (f"RetirementReason1{end}", "Voluntary"), (f"RetirementReason2{end}", ""),
            (f"RetirementDate{end}", day), (f"ProjectID{end}", device), (f"ProjectName{end}", "Example Wind"),
            (f"ProjectType{end}", "Wind"), (f"SerialNumber{end}", serial), (f"Quantity{end}", quantity),
        ])  # fmt: skip
    return pdf(texts, fields)


def go(*rows: tuple[str, str, int], total: int | None = None, kind: str = "Cancel") -> bytes:
    """A cancellation in Energinet's form: first and last number, count; numbers broken as it breaks them."""
    total = sum(row[2] for row in rows) if total is None else total
    listed = "".join(
        GO_ROW.format(first=_broken(first), last=_broken(last), volume=volume) for first, last, volume in rows
    )
    return pdf([GO_TOP.format(total=total).replace("Cancel\n", f"{kind}\n") + listed + "1 / 1\n"])


def _broken(number: str) -> str:
    return "\n".join((number[:13], number[13:26], number[26:]))


def statnett(first: str, last: str, volume: int, total: int | None = None) -> bytes:
    """A cancellation in Statnett's form."""
    total = volume if total is None else total
    return pdf([STATNETT.format(first=first, last=last, volume=volume, total=total)])


def wregis(first: int = 1, last: int = 4039, volume: str = "4,039", total: str = "4,039", *, facility: str = "W77",
           status: str = "Retired") -> bytes:  # fmt: skip
    """A statement of WREGIS of one facility and month."""
    return pdf([WREGIS.format(first=first, last=last, volume=volume, total=total, facility=facility, status=status)])


def irec(*rows: tuple[str, str, str], total: str) -> bytes:
    """A redemption statement with one device and these ranges."""
    listed = "".join(IREC_ROW.format(first=first, last=last, volume=volume) for first, last, volume in rows)
    return pdf([IREC.format(total=total), IREC_DEVICE + listed + "Auditor Notes\n"])
