"""Verifies a proof or a bundle of carbon-tokens: Python 3.11 and this one file, written from docs/proof-format.md.

    python verify.py FILE [--block-hash 0x...] [--inputs FOLDER]

Every check says ok or FAIL with the reasons; exit code 0 if none failed, else 1. To be read from top to bottom:
primitives, forms, rules of documents, checks of a proof (section 4 of the format), checks of a bundle (section 6). What
cannot be computed is a fault, so there is no input that passes by accident of an exception.
"""

import argparse
import base64
import json
import re
import sys
import unicodedata
from contextlib import contextmanager, suppress
from fractions import Fraction
from functools import cache
from hashlib import sha256
from itertools import pairwise, product
from math import ceil
from pathlib import Path


class Fault(ValueError):
    """A sentence that says what is wrong."""


def need(holds, fault):
    if not holds:
        raise Fault(fault)


# --- Primitives: Keccak-256, canonical JSON, RLP, Merkle-Patricia trees, months ---
@cache
def keccak(data):
    """Keccak-256 as Ethereum has it (FIPS 202, but 0x01 begins the padding): lane (x, y) of the state is s[x + 5y]."""
    s, fill = [0] * 25, 136 - len(data) % 136
    data += b"\x81" if fill == 1 else b"\x01" + bytes(fill - 2) + b"\x80"
    for start in range(0, len(data), 136):
        for i in range(17):
            s[i] ^= int.from_bytes(data[start + 8 * i : start + 8 * i + 8], "little")
        lfsr = 1
        for _ in range(24):
            c = [s[x] ^ s[x + 5] ^ s[x + 10] ^ s[x + 15] ^ s[x + 20] for x in range(5)]
            s = [s[i] ^ c[(i + 4) % 5] ^ turned(c[(i + 1) % 5], 1) for i in range(25)]
            x, y, held = 1, 0, s[1]
            for t in range(24):
                x, y = y, (2 * x + 3 * y) % 5
                s[x + 5 * y], held = turned(held, (t + 1) * (t + 2) // 2 % 64), s[x + 5 * y]
            s = [s[i] ^ ~s[i - i % 5 + (i + 1) % 5] & s[i - i % 5 + (i + 2) % 5] for i in range(25)]
            for j in range(7):
                s[0] ^= (lfsr & 1) << (1 << j) - 1
                lfsr = lfsr << 1 ^ (lfsr >> 7) * 0x171
    return b"".join(lane.to_bytes(8, "little") for lane in s[:4])


def turned(lane, places):
    return (lane << places | lane >> 64 - places) & (1 << 64) - 1


def hexed(data):
    return "0x" + data.hex()


def raw(text):
    return bytes.fromhex(text[2:])


def word(value):
    return value.to_bytes(32, "big")


def number(text):
    return int(text, 16)


def canonical(value):
    """RFC 8785 of what the forms below let through: integers, and names in ASCII."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()


def evidence(document):
    return hexed(sha256(canonical(document)).digest())


def sealed(document):
    """SHA-256 of an object without its field sha256."""
    return evidence({name: value for name, value in document.items() if name != "sha256"})


def rlp(data):
    """The bytes or the list in strict RLP."""

    def item(at):
        first = data[at]
        if first < 0x80:
            return data[at : at + 1], at + 1
        base = 0xC0 if first >= 0xC0 else 0x80
        start, size = at + 1, first - base
        if size > 55:
            start += size - 55
            size = int.from_bytes(data[at + 1 : start], "big")
            need(size > 55 and data[at + 1], "RLP with a length that is not the shortest")
        end = start + size
        need(end <= len(data), "RLP that ends too early")
        if base == 0x80:
            need(size != 1 or data[start] >= 0x80, "RLP with a byte that is not the shortest")
            return data[start:end], end
        items = []
        while start < end:
            found, start = item(start)
            items.append(found)
        need(start == end, "RLP with a list that ends inside an item")
        return items, end

    value, end = item(0)
    need(end == len(data), "RLP with something left over")
    return value


def rlp_index(index):
    size = (index.bit_length() + 7) // 8
    data = index.to_bytes(size, "big")
    return data if size == 1 and index < 0x80 else bytes([0x80 + size]) + data


def under(root, key, nodes, known):
    """The value under a key of a Merkle-Patricia tree: by nodes known, else exactly by those listed, in order."""
    node, path, listed = root, key.hex(), list(nodes)
    while True:
        if isinstance(node, bytes):
            if node not in known:
                need(listed and keccak(listed[0]) == node, f"no node with the hash {hexed(node)} where it is due")
                known[node] = rlp(listed.pop(0))
            node = known[node]
        if len(node) == 17 and path:
            node, path = node[int(path[0], 16)], path[1:]
        elif len(node) == 17:
            value = node[16]
            break
        else:
            need(len(node) == 2 and node[0].hex()[:1] in tuple("0123"), "a node that is none of a tree")
            flag = int(node[0].hex()[0])
            need(flag & 1 or node[0].hex()[1] == "0", "a path of a tree with a filling that is not zero")
            part = node[0].hex()[2 - flag % 2 :]
            need(path.startswith(part), "the tree has nothing under the key")
            node, path = node[1], path[len(part) :]
            if flag >= 2:
                need(not path, "the tree has nothing under the key")
                value = node
                break
        need(isinstance(node, list) or len(node) == 32, "the tree has nothing under the key")
    need(isinstance(value, bytes) and value, "the tree has nothing under the key")
    need(not listed, "a node that is not on the path")
    return value


def instant(month):
    """First instant of a month, UTC seconds; month 0 is 1970-01 (civil calendar, counted from 1 March of year 0)."""
    years, months = divmod(month + 10 + 12 * 1969, 12)
    return 86_400 * (365 * years + years // 4 - years // 100 + years // 400 + (153 * months + 2) // 5 - 719_468)


def month_of(time):
    """The month of an instant: a guess by the mean year of 31,556,952 s, and at most one step."""
    month = 12 * time // 31_556_952
    month += (instant(month + 1) <= time) - (instant(month) > time)
    need(0 <= month < 12 * (10_000 - 1970), f"{time} UTC seconds are no instant of the years 1970 to 9999")
    return month


def month_number(text):
    return 12 * (int(text[:4]) - 1970) + int(text[5:]) - 1


@cache
def checksummed(value):
    """The address of a number as EIP-55 writes it."""
    digits = f"{value:040x}"
    marks = keccak(digits.encode()).hex()
    return "0x" + "".join(c.upper() if int(mark, 16) > 7 else c for c, mark in zip(digits, marks, strict=False))


# --- Forms (sections 1 to 3 and 5): a file with anything else in it is malformed ---
WHOLE = {"U": 53, "U48": 48, "U40": 40, "U16": 16}
TEXTS = {
    "DEC": r"0|[1-9][0-9]{0,19}", "H32": "0x[0-9a-f]{64}", "FAC": "0x[0-9a-f]{54}", "HEX": "0x([0-9a-f]{2})*",
    "MONTH": r"(19[7-9][0-9]|[2-9][0-9]{3})-(0[1-9]|1[0-2])", "RATE": r"[0-9]{1,12}(\.[0-9]{1,20})?",
    "PART": r"[0-9]{1,3}(\.[0-9]{1,12})?", "TEXT0": r".*", "TEXT": r"(?=.*\S).*", "ADDR": "0x[0-9a-fA-F]{40}",
}  # fmt: skip


def of(fields, **more):
    """The form of an object: "name:FORM name:FORM ..." and further fields whose forms are no words."""
    return dict(field.split(":") for field in fields.split()) | more


def maybe(form):
    return lambda value: None if value is None else form


def by(field, forms):
    """The form of an object that says by a field what it is."""

    def chosen(value):
        stated = value.get(field) if isinstance(value, dict) else None
        need(isinstance(stated, str) and stated in forms, f"{field} is none of {', '.join(forms)}")
        return forms[stated] | {field: (stated,)}

    return chosen


def fit(form, value, where="file"):
    """Refuses a value that has not the form: an object, [form] of a list, (texts) to choose from, or a word."""
    while callable(form):
        form = form(value)
    if isinstance(form, dict):
        need(isinstance(value, dict), f"{where} is no object")
        need(set(form) <= set(value), f"{where}: missing field {', '.join(sorted(set(form) - set(value)))}")
        need(set(value) <= set(form), f"{where}: unknown field {', '.join(sorted(set(value) - set(form)))}")
        for name, each in form.items():
            fit(each, value[name], f"{where}.{name}")
    elif isinstance(form, list) or form == "ADDRS":
        need(isinstance(value, list), f"{where} is no list")
        for place, item in enumerate(value):
            fit("ADDR" if form == "ADDRS" else form[0], item, f"{where}[{place}]")
        if form == "ADDRS":
            need(ascends([number(each) for each in value]), f"{where} does not ascend")
    elif form is None:
        need(value is None, f"{where} is not null")
    elif form in (*WHOLE, "INT", "BOOL"):
        need(type(value) is (bool if form == "BOOL" else int), f"{where} is not of the form {form}")
        low, high = (0, 1 << WHOLE[form]) if form in WHOLE else (1 - (1 << 53), 1 << 53)
        need(low <= value < high, f"{where} is not of the form {form}")
    else:
        pattern = None if isinstance(form, tuple) else re.compile(TEXTS[form], re.DOTALL)
        holds = isinstance(value, str) and (pattern.fullmatch(value) if pattern else value in form)
        need(holds, f"{where} is not of the form {form}" if pattern else f"{where} is none of {', '.join(form)}")
        need(not re.search("[\ud800-\udfff]", value), f"{where} is no Unicode text")
        need(form != "ADDR" or value == checksummed(number(value)), f"{where} is no checksummed address")


PLACE = of("tx:H32 block:U block_hash:H32 index:U")
AMOUNTS = ("energy_wh", "scope1_g", "scope2_location_g", "scope2_residual_g", "scope3_g")
AMOUNT = " ".join(f"{name}:U48" for name in AMOUNTS)
QUALITY = tuple("ABCD")
METHOD = of("method:TEXT boundary:TEXT sha256:H32", included=["TEXT"], excluded=["TEXT"])
KINDS = ("bills", "hourly", "site", "table", "factor", "document")
INPUT = of("name:TEXT sha256:H32 first_row:U last_row:U", kind=KINDS)
FACTOR = of(
    "dataset:TEXT year:U16 edition:TEXT market_zone:TEXT region:TEXT release:H32 file_sha256:H32 location_rate:RATE"
    " location_g_per_mwh:U residual_published:BOOL residual_rate:TEXT0 residual_g_per_mwh:U"
)
COMMON = of("facility:FAC month:MONTH " + AMOUNT, quality=QUALITY, method=METHOD, inputs=[INPUT], notes=["TEXT"])
FLEET, RESTATEMENT = "carbon-tokens/fleet-statement/1", "carbon-tokens/restatement/2"
DOCUMENT = by("type", {
    "carbon-tokens/statement/2": COMMON | of(
        "utility:TEXT0 meter_number:TEXT0 meter:H32 start:U40 end:U40 pue:PART hours_present:U hours_missing:U",
        missing=("", "refuse", "mean", "max"), factor=maybe(FACTOR)),
    FLEET: COMMON | of(
        "region:TEXT grid_region:TEXT utility:TEXT meter_number:TEXT meter:H32 start:U40 end:U40 residual_rate:TEXT0"
        " hourly_share:U hours_present:U hours_missing:U boundary_sha256:H32 rows_sha256:H32 reason:TEXT0",
        previous=["H32"], options=of("bill_tolerance:PART", sku_mode=("regional",), rounds=maybe("U"),
                                     missing_hours=("refuse", "annual"))),
    RESTATEMENT: COMMON | of("reason:TEXT", factor=maybe(FACTOR), previous=["H32"]),
})  # fmt: skip
BATCH = by("type", {"carbon-tokens/certificate-batch/1": of(
    "registry:TEXT source:TEXT serials:TEXT serial_from:U serial_thru:U amount:U48 vintage_start:U40 vintage_end:U40"
    " document_sha256:H32", token_class=("rec", "offset"))})  # fmt: skip
SIGNED = of("auditor:ADDR attested:ADDRS version:U", at=PLACE)
CONFIRMED = SIGNED | of(AMOUNT + " start:U40 end:U40 meter:H32 release:H32 evidence:H32", document=DOCUMENT)
EVENT = by("event", {
    "Audited": CONFIRMED, "Restated": CONFIRMED, "Closed": SIGNED,
    "Disallowed": SIGNED | of("token:H32 amount:U evidence:H32"),
    "Retired": of("holder:ADDR recs_wh:U offsets_g:U beneficiary:H32 purpose:H32",
                  tokens=[of("token:H32 amount:U")], at=PLACE),
    "Allocated": of("provider:FAC provider_version:U energy_wh:U location_g:U market_g:U allocated_location_g:U"
                    " allocated_market_g:U", at=PLACE),
})  # fmt: skip
FACILITY = of("id:FAC owner:ADDR grid_region:TEXT market_zone:TEXT metadata:H32 description:TEXT0", at=PLACE)
PANEL = of("quorum:U members:ADDRS", at=PLACE)
SOURCE = of(
    "number:U issuer:ADDR registry:TEXT device:H32 market_zone:TEXT grid_region:TEXT0 technology:TEXT0",
    token_class=("rec", "offset"), at=PLACE,
)  # fmt: skip
TOKEN = of(
    "id:H32 source:U evidence:H32 amount:U serial_from:DEC serial_thru:DEC vintage_start:U40 vintage_end:U40",
    document=maybe(BATCH), at=PLACE,
)  # fmt: skip
MATCHING = of("version:U matched_wh:U unmatched_wh:U score:U data:H32 auditors:ADDRS", at=PLACE)
ACCOUNT = of(
    AMOUNT + " version:U closed:BOOL recs_wh:U offsets_g:U allocated_location_g:U allocated_market_g:U shares:U"
)
TOTALS = of("gross_location_g:U gross_market_g:U net_g:INT")
CLAIM = of(
    "id:H32 first:MONTH last:MONTH owner:ADDR number:U versions:U time:U40", basis=("annual", "hourly"), at=PLACE
)
PROOF = by("type", {"carbon-tokens/proof/2": of(
    "sha256:H32", chain=of("id:U genesis:H32"), contracts=[of("name:TEXT address:ADDR code_hash:H32")],
    facility=FACILITY, panels=[PANEL], releases=[of("id:H32 file_sha256:H32")], factors=[FACTOR], sources=[SOURCE],
    tokens=[TOKEN], claim=CLAIM, months=[
        of("month:MONTH", events=[EVENT], account=ACCOUNT, matching=maybe(MATCHING), totals=TOTALS)])})  # fmt: skip
TREE = of("block:U", nodes=["HEX"])
SHARE = by("type", {"carbon-tokens/share-proof/1": of(
    "tenant:H32 energy_wh:U48 location_g:U48 market_g:U48 salt:H32 index:U siblings:HEX")})  # fmt: skip
TENANT = by("type", {"carbon-tokens/tenant-proof/1": of(
    "chain_id:U genesis:TEXT allocations:TEXT facility:FAC month:MONTH version:U root:H32", share=SHARE)})  # fmt: skip
BUNDLE = by("type", {"carbon-tokens/bundle/1": of(
    "sha256:H32", proof=PROOF, headers=["HEX"], transactions=[TREE | of("index:U")], receipts=[TREE | of("index:U")],
    code=[TREE | of("name:TEXT")], inputs=[of("name:TEXT sha256:H32", content=maybe("TEXT0"))],
    shares=[of("", at=PLACE, share=TENANT)])})  # fmt: skip


def parse(data):
    """Strict JSON of a proof or bundle. Raises Fault."""

    def unique(pairs):
        need(len(dict(pairs)) == len(pairs), f"a field stands there twice in {', '.join(sorted(dict(pairs)))}")
        return dict(pairs)

    def refuse(text):
        raise Fault(f"{text} is no integer")

    try:
        text, depth = data.decode("utf-8"), 0
        for mark in re.findall(r'"(?:[^"\\]|\\.)*+"?|([\[{\]}])', text, re.DOTALL):
            depth += {"[": 1, "{": 1, "]": -1, "}": -1}.get(mark, 0)
            need(depth <= 100, "it nests too deep")
        value = json.loads(text, object_pairs_hook=unique, parse_float=refuse, parse_constant=refuse)
    except ValueError as error:
        raise Fault(str(error)) from None
    kind = value.get("type") if isinstance(value, dict) else None
    fit(BUNDLE if kind == "carbon-tokens/bundle/1" else PROOF, value)
    proof = value["proof"] if kind == "carbon-tokens/bundle/1" else value
    for _, event, _ in events(proof, *AUDITS):
        rules(event["document"])
    for token in (token for token in proof["tokens"] if token["document"]):
        batch_rules(token["document"])
    for entry in value.get("inputs", []):
        name_rule(entry["name"])
        plain = entry["name"].isprintable() and not {"", "."} & set(entry["name"].split("/"))
        need(plain, f"{entry['name']!r} is no plain path")
    return value, proof


# --- Rules of documents (section 3) ---
AUDITS = ("Audited", "Restated")


def rules(d):
    """Refuses a document that could not be audited."""
    factor, energy, month = d.get("factor"), d["energy_wh"], month_number(d["month"])
    for each in d["inputs"]:
        name_rule(each["name"])
        need(each["first_row"] <= each["last_row"], "an input's last_row is below first_row")
    if factor:
        factor_rules(factor)
    if d["type"] == FLEET:
        return fleet_rules(d, energy, month)
    need(all(d[n] == g for n, g in scope2(energy, factor).items()), f"{d['month']}: scope 2 is not energy x factor")
    need(factor or not energy, f"{d['month']}: energy needs an emission factor")
    if d["type"] == RESTATEMENT:
        return need(d["previous"], "a restatement cites the evidence of what it replaces")
    need(Fraction(d["pue"]) >= 1, "pue is below 1")
    if number(d["meter"]) == 0:
        empty = energy == d["start"] == d["end"] == 0 and d["utility"] == d["meter_number"] == "" and not factor
        return need(empty, "energy, a period or a factor without a meter")
    need(factor, "a meter's energy needs an emission factor")
    return meter_rules(d, month)


def meter_rules(d, month):
    normal = {
        name: " ".join(unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", text).casefold()).split())
        for name, text in (("meter", d["meter_number"]), ("utility", d["utility"]))
    }
    need(all(normal.values()) and d["meter"] == evidence(normal), "meter is not the id of this utility and meter")
    need(instant(month) <= d["start"] < d["end"] <= instant(month + 1), "a period is empty or outside its month")


def fleet_rules(d, energy, month):
    need(energy > 0, "a meter without energy states nothing")
    need(not d["residual_rate"] or re.fullmatch(TEXTS["RATE"], d["residual_rate"]), "residual_rate is no rate")
    grams = ceil(energy * Fraction(d["residual_rate"]) / 10**6) if d["residual_rate"] else d["scope2_location_g"]
    need(d["scope2_residual_g"] == grams, "scope2_residual_g is not the residual mix of all energy")
    share, refused = d["hourly_share"], d["options"]["missing_hours"] == "refuse"
    need(share <= 10**6 and (share == 10**6 or not refused), "hourly_share is above one, or below it and refused")
    meter_rules(d, month)
    need(d["start"] % 3600 == 0 == d["end"] % 3600, "a period is of no full hours")
    present, hours = d["hours_present"], (instant(month + 1) - instant(month)) // 3600
    need(present + d["hours_missing"] == hours, "hours present and missing are not those of the month")
    need(0 < present <= (d["end"] - d["start"]) // 3600, "hours_present is not of the period")
    names = [each["name"] for each in d["inputs"]]
    need(names and names == sorted(set(names)), "the inputs are not the fleet's tables in the order of their names")
    need(all(each["kind"] == "table" for each in d["inputs"]), "an input of a fleet is no table")
    need(d["options"]["rounds"] != 0, "0 rounds pass nothing on")
    need(bool(d["reason"]) == bool(d["previous"]) and (not d["reason"] or d["reason"].strip()), "no reason to replace")


def factor_rules(f):
    head = [word(96), word(f["year"]), word(0)]  # abi.encode(string, uint16, string)
    texts = [f["dataset"].encode(), f["edition"].encode()]
    tails = [word(len(text)) + text + bytes(-len(text) % 32) for text in texts]
    head[2] = word(96 + len(tails[0]))
    need(
        hexed(keccak(b"".join(head + tails))) == f["release"], "release is not the id of its dataset, year and edition"
    )
    need(f["location_g_per_mwh"] == ceil(Fraction(f["location_rate"])), "location_g_per_mwh is not its rate rounded up")
    rate, published = f["residual_rate"], f["residual_published"]
    need(re.fullmatch(TEXTS["RATE"], rate) if published else rate == "", "residual_rate is no rate, or not published")
    residual = ceil(Fraction(rate)) if published else f["location_g_per_mwh"]
    need(f["residual_g_per_mwh"] == residual, "residual_g_per_mwh is neither its rate nor stands in for it")


def name_rule(name):
    parts = [part for part in name.split("/") if part not in ("", ".")]
    inside = parts and name[0] != "/" and ".." not in parts and "\\" not in name and ":" not in parts[0]
    need(inside, f"{name!r} leaves the folder of inputs")


def batch_rules(d):
    runs = {run.lstrip("0") or "0" for run in re.findall("[0-9]+", d["serials"])}
    need(d["serial_from"] <= d["serial_thru"], "serial_thru is below serial_from")
    need({str(d["serial_from"]), str(d["serial_thru"])} <= runs, "the serials are not in the registry's text")
    need(0 < d["amount"] <= (d["serial_thru"] - d["serial_from"] + 1) * 10**6, "amount is not of its serials")
    need(d["vintage_start"] < d["vintage_end"], "the vintage is empty")


def scope2(energy, factor):
    """Location-based and residual-mix grams, each rounded up; 0 without a factor."""
    rates = (factor["location_g_per_mwh"], factor["residual_g_per_mwh"]) if factor else (0, 0)
    return dict(zip(AMOUNTS[2:4], (-(-energy * rate // 10**6) for rate in rates), strict=True))


def bytes_of(code, size):
    """A code of the chain as bytesN."""
    if re.fullmatch(f"0x[0-9a-f]{{{2 * size}}}", code):
        return raw(code)
    need(code.isascii() and len(code) <= size, f"{code!r} does not fit into {size} characters of ASCII")
    return code.encode().ljust(size, b"\0")


# --- Checks of a proof (section 4): each yields True, or a sentence that says what is wrong ---
def order(item):
    return item["at"]["block"], item["at"]["index"]


def ascends(items):
    return items == sorted(set(items))


def events(p, *kinds):
    """Events of these kinds, all if none is named, each with its month and where it stands."""
    for m in p["months"]:
        for e in (e for e in m["events"] if not kinds or e["event"] in kinds):
            yield m, e, f"{m['month']}, version {e['version']}" if "version" in e else m["month"]


def seal(p):
    yield sealed(p) == p["sha256"] or f"it was changed: its content has sha-256 {sealed(p)}, it says {p['sha256']}"


CONTRACTS = ["EmissionFactors", "CarbonTokens", "Auditors", "Allocations", "HourlyMatching", "NetEmissions"]


def identity(p):
    f = p["facility"]
    digest = keccak(word(number(f["owner"])) + raw(f["metadata"]))[:27]
    described = not f["description"] or hexed(sha256(f["description"].encode()).digest()) == f["metadata"]
    yield raw(f["id"]) == digest or f"facility {f['id']} is not the hash of its owner and metadata"
    yield described or "the facility's description does not have the hash in its metadata"
    yield [each["name"] for each in p["contracts"]] == CONTRACTS or f"the contracts are not {', '.join(CONTRACTS)}"


def documents(p):
    for m, e, where in events(p, *AUDITS):
        d, replaces = e["document"], e["event"] == "Restated"
        yield evidence(d) == e["evidence"] or f"{where}: the document is {evidence(d)}, audited was {e['evidence']}"
        yield bool(d.get("previous")) == replaces or f"{where}: the document is none of an event {e['event']}"
        said = d | {"release": d["factor"]["release"] if d.get("factor") else hexed(word(0))}
        meant = e | {"facility": p["facility"]["id"], "month": m["month"]}
        for name in (*AMOUNTS, "release", "facility", "month", "start", "end", "meter"):
            fault = f"{where}: {name} was audited as {meant[name]}, the document says {said.get(name)}"
            yield name not in said or said[name] == meant[name] or fault


def factors(p):
    used = {canonical(e["document"]["factor"]) for _, e, _ in events(p, *AUDITS) if e["document"].get("factor")}
    listed, releases = {canonical(f) for f in p["factors"]}, list(dict.fromkeys(f["release"] for f in p["factors"]))
    same = used == listed and len(listed) == len(p["factors"])
    yield same or "the factors listed are not those of the documents"
    yield [each["id"] for each in p["releases"]] == releases or "the releases listed are not those of the factors"
    for f, (name, place) in product(p["factors"], (("region", "grid_region"), ("market_zone", "market_zone"))):
        yield f[name] == p["facility"][place] or f"the factor is of {f[name]}, the facility of {p['facility'][place]}"


def regions(p):
    for _, e, where in events(p, *AUDITS):
        place = e["document"].get("grid_region", p["facility"]["grid_region"])
        yield place == p["facility"]["grid_region"] or f"{where}: the statement is of {place}, not of the facility's"


def scopes(p):
    for _, e, where in events(p, *AUDITS):
        grams = {} if e["document"]["type"] == FLEET else scope2(e["energy_wh"], e["document"]["factor"])
        for name, g in grams.items():
            yield e[name] == g or f"{where}: {name} is {e[name]}, energy x factor rounded up is {g}"


def meters(p):
    standing = []  # per month: the last restatement and the audits after it, or every audit
    for m in p["months"]:
        audits = [e for e in m["events"] if e["event"] in AUDITS]
        last = max((n for n, e in enumerate(audits) if e["event"] == "Restated"), default=0)
        standing += [(e["meter"], e["start"], e["end"]) for e in audits[last:] if number(e["meter"])]
    for (meter, _, end), (other, start, _) in pairwise(sorted(standing)):
        yield meter != other or end <= start or f"meter {meter} was audited twice for {start} to {end}"


RETIRED = {2: "recs_wh", 3: "offsets_g"}  # by class, the top byte of a token's id


def accounts(p):
    for m in p["months"]:
        a, shares = dict.fromkeys(ACCOUNT, 0) | {"closed": False}, {}
        yield ascends([order(e) for e in m["events"]]) or f"{m['month']}: the events are not in the order of the chain"
        for _, e, where in events({"months": [m]}):
            for found in applied(a, shares, e):
                yield found is True or f"{where}: {found}"
        for name, comes in a.items():
            fault = f"{m['month']}: the account's {name} is {m['account'][name]}, its events come to {comes}"
            yield m["account"][name] == comes or fault
        yield m["account"]["closed"] or f"{m['month']} is not closed"


def applied(a, shares, e):
    """Applies an event to an account and to the shares by provider that it holds."""
    kind, before = e["event"], a["version"]
    if kind in (*AUDITS, "Disallowed"):
        yield e["version"] == before + 1 or f"{kind} made version {e['version']} after version {before}"
        a["version"] = e["version"]
    if kind in AUDITS:
        yield kind == "Restated" or not a["closed"] or "it was audited after the month was closed"
        yield kind == "Audited" or e["version"] >= 2 or "a restatement replaces nothing"
        a.update({name: e[name] + (a[name] if kind == "Audited" else 0) for name in AMOUNTS})
    elif kind == "Closed":
        current = before | a["shares"] << 16
        fine = e["version"] == current and before and not a["closed"]
        yield fine or f"the month was closed at version {e['version']}, its totals are of version {current}"
        a["closed"] = True
    elif kind == "Disallowed":
        name = RETIRED.get(raw(e["token"])[0])
        fine = name and 0 < e["amount"] <= a[name]
        yield fine or f"{e['amount']} of token {e['token']} are disallowed, which were not retired"
        a.update({name: a[name] - e["amount"]} if fine else {})
    elif kind == "Retired":
        for top, name in RETIRED.items():
            found = sum(each["amount"] for each in e["tokens"] if raw(each["token"])[0] == top)
            yield found == e[name] or f"a retirement of {e[name]} names tokens of {found}"
            a[name] += e[name]
        known = all(raw(each["token"])[0] in RETIRED for each in e["tokens"])
        yield known or "a retirement names a token that is neither REC nor offset"
    else:
        held, a["shares"], a["closed"] = shares.get(e["provider"]), a["shares"] + 1, False
        newer = not held or e["provider_version"] > held["provider_version"]
        yield newer or f"the share of version {e['provider_version']} of {e['provider']} was claimed before"
        shares[e["provider"]] = e
        for name in ("allocated_location_g", "allocated_market_g"):
            a[name] = sum(each[name.removeprefix("allocated_")] for each in shares.values())
            yield e[name] == a[name] or f"{name} is {e[name]}, the claimed shares add up to {a[name]} g"


def restatements(p):
    for m in p["months"]:
        before = set()
        for _, e, where in events({"months": [m]}, *AUDITS):
            cited = set(e["document"].get("previous", []))
            yield cited <= before or f"{where}: replaces a document that was not audited before"
            before.add(e["evidence"])


def panel_at(p, item):
    """The panel that audits at a place; without one any single auditor of the market zone does."""
    before = [panel for panel in p["panels"] if order(panel) < order(item)]
    return before[-1] if before and before[-1]["quorum"] else None


def enough(panel, signers):
    return not panel or (len(signers) >= panel["quorum"] and set(signers) <= set(panel["members"]))


def auditors(p):
    contract, owner = p["contracts"][CONTRACTS.index("Auditors")]["address"], p["facility"]["owner"]
    yield ascends([order(panel) for panel in p["panels"]]) or "the panels are not in the order of the chain"
    for _, e, where in events(p, *AUDITS, "Closed", "Disallowed"):
        signers = e["attested"]
        yield owner not in (e["auditor"], *signers) or f"{where}: {owner} audited what they own"
        by_signature = (e["auditor"] == contract) == bool(signers)
        yield by_signature or f"{where}: {e['auditor']} audited, signed by {len(signers)} auditors"
        fine = enough(panel_at(p, e), signers)
        yield fine or f"{where}: {', '.join(signers) or 'nobody'} signed, which is not enough of the panel"


def own_shares(p):
    for _, e, where in events(p, "Allocated"):
        yield e["provider"] != p["facility"]["id"] or f"{where}: the facility claimed a share of itself"


def matchings(p):
    for m in p["months"]:
        found, month, energy, recs = m["matching"], m["month"], m["account"]["energy_wh"], m["account"]["recs_wh"]
        due = p["claim"]["basis"] == "hourly" and energy > 0
        yield bool(found) == due or f"{month}: hours are matched on the hourly basis of a month with energy, only there"
        if found:
            matched, version = found["matched_wh"], m["account"]["version"]
            yield found["version"] == version or f"{month}: the hours were not matched at the account's version"
            yield matched + found["unmatched_wh"] == energy or f"{month}: (un)matched do not add up to {energy} Wh"
            yield matched <= recs or f"{month}: {matched} Wh are matched, only {recs} Wh of RECs are retired"
            share = energy and matched * 10**6 // energy
            yield not energy or found["score"] == share or f"{month}: the score is {found['score']}, not {share}"


def matchers(p):
    for m in (m for m in p["months"] if m["matching"]):
        signers, owner, where = m["matching"]["auditors"], p["facility"]["owner"], m["month"]
        yield owner not in signers or f"{where}: {owner} confirmed the hours of what they own"
        fine = signers and enough(panel_at(p, m["matching"]), signers)
        yield fine or f"{where}: {', '.join(signers) or 'nobody'} confirmed the hours, which is not enough"


def tokens(p):
    named = {each["token"] for _, e, _ in events(p) for each in e.get("tokens", [e] if "token" in e else [])}
    sources = {source["number"]: source for source in p["sources"]}
    fine = named == {t["id"] for t in p["tokens"]} and len(named) == len(p["tokens"])
    yield fine or "the tokens listed are not those retired and disallowed"
    fine = set(sources) == {t["source"] for t in p["tokens"]} and len(sources) == len(p["sources"])
    yield fine or "the sources listed are not those of the tokens"
    for t in (t for t in p["tokens"] if t["source"] in sources):
        for found in token_faults(t, sources[t["source"]]):
            yield found is True or f"token {t['id']} {found}"


BATCHED = ("token_class", "registry", "amount", "serial_from", "serial_thru", "vintage_start", "vintage_end")


def token_faults(t, source):
    kind, d = {"rec": 2, "offset": 3}[source["token_class"]], t["document"]
    digest = keccak(bytes_of(source["registry"], 12).ljust(32, b"\0") + raw(t["evidence"]))
    yield raw(t["id"]) == bytes([kind]) + digest[1:] or "is not the hash of its registry and evidence"
    issued = source | t | {name: int(t[name]) for name in ("serial_from", "serial_thru")}
    count = issued["serial_thru"] - issued["serial_from"] + 1
    yield (count >= 1 and 0 < t["amount"] <= count * 10**6) or f"is {t['amount']} for {count} serials"
    yield t["vintage_start"] < t["vintage_end"] or "has an empty vintage"
    if d:
        yield evidence(d) == t["evidence"] or f"has a document with sha-256 {evidence(d)}, issued was {t['evidence']}"
        name = d["source"].encode()
        said = d | {"device": hexed(name.ljust(32, b"\0") if len(name) <= 32 else keccak(name))}
        for field in (*BATCHED, "device"):
            yield said[field] == issued[field] or f"was issued with {field} {issued[field]}, not {said[field]}"


def serials(p):
    ranges = sorted((t["source"], int(t["serial_from"]), int(t["serial_thru"])) for t in p["tokens"])
    for (source, _, thru), (other, first, _) in pairwise(ranges):
        yield source != other or thru < first or f"serial {first} of source {source} was issued twice"


def retirements(p):
    listed, sums = {t["id"]: t for t in p["tokens"]}, dict.fromkeys((t["id"] for t in p["tokens"]), 0)
    zones = {source["number"]: source["market_zone"] for source in p["sources"]}
    for m, e, where in events(p, "Retired"):
        for each in (each for each in e["tokens"] if each["token"] in listed):
            t, month = listed[each["token"]], month_number(m["month"])
            sums[t["id"]] += each["amount"]
            first, last, kind = month_of(t["vintage_start"]), month_of(t["vintage_end"] - 1), raw(t["id"])[0]
            fits = first <= month if kind == 3 else first // 12 <= month // 12 <= last // 12
            yield fits or f"{where}: the vintage of token {t['id']} does not fit"
            zone = kind != 2 or zones.get(t["source"]) == p["facility"]["market_zone"]
            yield zone or f"{where}: REC {t['id']} is of market zone {zones.get(t['source'])}, not of the facility's"
    for token, amount in sums.items():
        yield amount <= listed[token]["amount"] or f"{amount} of token {token} were retired, more than were issued"


def totals(a, recs):
    """The three totals of an account with so many Wh of RECs, g; market-based energy without RECs is rounded up."""
    market, direct = a["scope2_residual_g"], a["scope1_g"] + a["scope3_g"]
    if recs:
        market = -(-market * (a["energy_wh"] - recs) // a["energy_wh"]) if recs < a["energy_wh"] else 0
    gross = direct + market + a["allocated_market_g"]
    location = direct + a["scope2_location_g"] + a["allocated_location_g"]
    return {"gross_location_g": location, "gross_market_g": gross, "net_g": gross - a["offsets_g"]}


def sums_and_net(p):
    for m in p["months"]:
        matched = m["matching"]["matched_wh"] if m["matching"] else 0
        comes = totals(m["account"], m["account"]["recs_wh"] if p["claim"]["basis"] == "annual" else matched)
        for name, total in comes.items():
            said = m["totals"][name]
            yield said == total or f"{m['month']}: {name} is {said}, the account comes to {total}"
        yield comes["net_g"] <= 0 or f"{m['month']}: net emissions are {comes['net_g']} g, above zero"


def claimed(p):
    c, facility = p["claim"], p["facility"]
    first, last = month_number(c["first"]), month_number(c["last"])
    months, due = [month_number(m["month"]) for m in p["months"]], list(range(first, last + 1))
    versions = sum(m["account"]["version"] for m in p["months"])
    yield (due and months == due) or f"the months are not {c['first']} to {c['last']}"
    meant = (c["basis"] == "hourly") << 248 | number(facility["id"]) << 32 | first << 16 | last
    yield number(c["id"]) == meant or f"claim {c['id']} is not of this facility, these months and this basis"
    yield c["owner"] == facility["owner"] or f"the certificate is {c['owner']}'s, the facility {facility['owner']}'s"
    yield c["versions"] == versions or f"it rests on versions of the sum {c['versions']}, the accounts' is {versions}"
    yield c["number"] >= 1 or "the claim was never made"


PROOF_CHECKS = {
    "the file is as it was written": seal,
    "facility and contracts are named by their formulas": identity,
    "every document has the hash and the amounts that were audited": documents,
    "every factor is the published one of the facility's region": factors,
    "a fleet's region is the facility's": regions,
    "scope 2 is energy x factor, rounded up": scopes,
    "no meter was audited twice for one time": meters,
    "the events of every month come to its account, and it is closed": accounts,
    "every restatement cites what it replaces": restatements,
    "nobody audited what they own, and enough auditors signed": auditors,
    "the shares of other accounts are not of this facility": own_shares,
    "the hours were matched at the account's version": matchings,
    "the hours were confirmed by auditors, enough of a panel's": matchers,
    "every token is of its registry's document": tokens,
    "no serial was issued twice": serials,
    "retired certificates fit market zone, vintage and amount": retirements,
    "the three totals follow from the account, and net is not above zero": sums_and_net,
    "the claim is of these months and versions": claimed,
}


# --- Checks of a bundle (section 6) ---
STATEMENT = (
    "uint256 facility, uint32 month, uint16 version, uint256 energy, uint256 scope1, uint256 scope2Location, uint256"
    " scope2Residual, uint256 scope3, uint256 start, uint256 end, bytes32 meter, bytes32 release, bytes32 evidence"
)
AUDITED = (
    "auditor version energy_wh=energy scope1_g=scope1 scope2_location_g=scope2Location"
    " scope2_residual_g=scope2Residual scope3_g=scope3 start end meter release evidence"
)
# Contract, event (* is indexed) and field=argument of what must be equal. The name before the bracket is the part's.
EVENTS = [each.split(" | ") for each in (
    "CarbonTokens | FacilityRegistered(uint256 facility*, address owner*, bytes9 gridRegion, bytes2 marketZone,"
    " bytes32 metadata) | id=facility owner grid_region=gridRegion market_zone=marketZone metadata",
    "CarbonTokens | SourceRegistered(uint24 source*, address issuer*, uint8 class*, bytes12 registry, bytes32 device,"
    " bytes2 marketZone, bytes9 gridRegion, bytes10 technology) | number=source issuer token_class=class registry"
    " device market_zone=marketZone grid_region=gridRegion technology",
    "CarbonTokens | Issued(uint256 id*, uint24 source*, bytes32 evidence, uint256 serialFrom, uint256 serialThru,"
    " uint256 vintageStart, uint256 vintageEnd) | id source evidence serial_from=serialFrom serial_thru=serialThru"
    " vintage_start=vintageStart vintage_end=vintageEnd",
    f"CarbonTokens | Audited(uint256 facility*, address auditor*, ({STATEMENT}) statement) | {AUDITED}",
    f"CarbonTokens | Restated(uint256 facility*, address auditor*, ({STATEMENT}) statement) | {AUDITED}",
    "CarbonTokens | Closed(uint256 facility*, uint32 month*, address auditor*, uint32 version) | auditor version",
    "CarbonTokens | Disallowed(uint256 facility*, uint32 month*, address auditor*, uint16 version, uint256 id,"
    " uint256 amount, bytes32 evidence) | auditor version token=id amount evidence",
    "CarbonTokens | Retired(uint256 facility*, uint32 month*, address holder*, uint256 recs, uint256 offsets,"
    " bytes32 beneficiary, bytes32 purpose) | holder recs_wh=recs offsets_g=offsets beneficiary purpose",
    "CarbonTokens | Allocated(uint256 facility*, uint32 month*, uint256 location, uint256 market) |"
    " allocated_location_g=location allocated_market_g=market",
    "CarbonTokens | TransferSingle(address operator*, address from*, address to*, uint256 id, uint256 value) | ",
    "CarbonTokens | TransferBatch(address operator*, address from*, address to*, uint256[] ids, uint256[] values) | ",
    "Auditors | Attested(uint256 facility*, uint32 month*, bytes32 digest*, address[] auditors) | ",
    "Auditors | PanelSet(uint256 facility*, uint8 quorum, address[] members) | quorum members",
    "Allocations | Committed(uint256 facility*, uint32 month*, uint32 version, bytes32 root, uint8 depth,"
    " uint256 total, uint256 recs) | ",
    "Allocations | ShareClaimed(uint256 facility*, uint32 month*, uint256 tenant*, uint32 version, uint256 energy,"
    " uint256 location, uint256 market) | provider=facility provider_version=version energy_wh=energy"
    " location_g=location market_g=market",
    "HourlyMatching | Matched(uint256 facility*, uint32 month*, (uint16 version, uint48 matched, uint48 unmatched,"
    " uint24 score, bytes32 data) matching, uint256[] ids, address[] auditors) | version matched_wh=matched"
    " unmatched_wh=unmatched score data auditors",
    "NetEmissions | Claimed(uint256 claimId*, uint256 facility*, uint32 number, uint64 versions) | id=claimId number"
    " versions",
)]  # fmt: skip
TOPICS = {}  # contract and topic -> event, [(type, argument, indexed)], {field: argument}
for contract_, event_, equal_ in EVENTS:
    topic_ = keccak(re.sub(r"(?<=[\w\])]) \w+\*?(?=[,)])", "", event_).replace(", ", ",").encode())
    arguments_ = re.findall(r"(\w+(?:\[\])?) (\w+)(\*?)(?=[,)])", event_.split("(", 1)[1])
    arguments_ = [each for each in arguments_ if each[1] not in ("statement", "matching")]
    fields_ = dict((each.split("=") * 2)[:2] for each in equal_.split())
    TOPICS[contract_, topic_] = event_.split("(")[0], arguments_, fields_


class Log:
    """A log of one of the contracts: its place in the block, event and arguments as numbers, and its receipt's."""

    def __init__(self, p, address, topics, data, index, receipt):
        names = {raw(each["address"].lower()): each["name"] for each in p["contracts"]}
        event, arguments, self.fields = TOPICS.get((names.get(address), topics[0] if topics else b""), ("", [], {}))
        self.event, self.index, self.receipt, self.types, self.args = event, index, receipt, {}, {}
        words, at = [int.from_bytes(data[n : n + 32], "big") for n in range(0, len(data), 32)], 0
        topics = list(topics[1:])
        for kind, name, indexed in arguments:
            value = int.from_bytes(topics.pop(0), "big") if indexed else words[at]
            at += not indexed
            if kind.endswith("[]"):  # the word is where the list begins, in bytes
                start, size = value // 32 + 1, words[value // 32]
                need(value % 32 == 0 and start + size <= len(words), "a list outside of its log")
                value = words[start : start + size]
            self.types[name], self.args[name] = kind, value

    def shown(self, argument, form):
        """An argument as it stands in a field of a proof of this form."""
        value, kind = self.args[argument], self.types[argument]
        if form in ("ADDR", "ADDRS"):
            return checksummed(value) if form == "ADDR" else [checksummed(each) for each in value]
        if form in ("H32", "FAC", "DEC"):
            return {"H32": f"0x{value:064x}", "FAC": f"0x{value:054x}", "DEC": str(value)}[form]
        if isinstance(form, tuple):
            return {2: "rec", 3: "offset"}.get(value)
        return code_of(word(value)[: int(kind[5:])]) if form in ("TEXT", "TEXT0") else value

    def transfers(self, end):
        """Ids and values of a transfer from or to nobody, else None."""
        if self.event not in ("TransferSingle", "TransferBatch") or self.args[end]:
            return None
        one = self.event == "TransferSingle"
        return list(zip(*([self.args[n]] if one else self.args[n + "s"] for n in ("id", "value")), strict=True))


def code_of(data):
    """bytesN as text: ASCII without the zeros at its end, other bytes as hex digits."""
    text = data.rstrip(b"\0").decode("latin-1")
    return text if re.fullmatch("[!-~]([ -~]*[!-~])?|", text) else hexed(data)


class Opened:
    """A bundle whose headers were read and whose trees were followed; ``faults`` by check."""

    def __init__(self, b):
        self.bundle, self.proof, self.faults = b, b["proof"], {"headers": [], "transactions": [], "receipts": []}
        self.headers, self.hashes = {}, {}
        for text in b["headers"]:
            with self.collected("headers", "a header"):
                fields = rlp(raw(text))
                need(len(fields) >= 15 and all(isinstance(each, bytes) for each in fields), "is no list of its fields")
                block = int.from_bytes(fields[8], "big")
                need(block > max(self.headers, default=-1), f"block {block} is not in ascending order, or twice")
                self.headers[block], self.hashes[block] = fields, hexed(keccak(raw(text)))
        self.places = [(path, item["at"]) for path, item, *_ in parts(self.proof)]
        self.places += [(f"shares[{n}]", each["at"]) for n, each in enumerate(b["shares"])]
        self.transactions, self.receipts = self.followed("transactions", 4), self.followed("receipts", 5)
        self.index = {(block, hexed(keccak(value))): index for (block, index), value in self.transactions.items()}
        self.logs = {}  # by block and index
        for (block, index), value in self.receipts.items():
            with self.collected("receipts", f"receipt {index} of block {block}"):
                self.read_logs(block, index, value)

    @contextmanager
    def collected(self, part, where):
        try:
            yield
        except Exception as error:
            self.faults[part].append(f"{where}: {error or type(error).__name__}")

    def followed(self, part, root):
        """The values that the entries of a part lead to, by block and index."""
        found, known = {}, {}
        places = [(each["block"], each["index"]) for each in self.bundle[part]]
        if not ascends(places):
            self.faults[part].append(f"the {part} are not in ascending order, each once")
        for place, entry in zip(places, self.bundle[part], strict=True):
            with self.collected(part, f"{part} of block {place[0]}, index {place[1]}"):
                need(place[0] in self.headers, "there is no header of this block")
                nodes = [raw(node) for node in entry["nodes"]]
                key, of_block = rlp_index(place[1]), known.setdefault(place[0], {})
                found[place] = under(self.headers[place[0]][root], key, nodes, of_block)
        return found

    def read_logs(self, block, index, value):
        if value[0] < 0x80:
            need(value[0], "its type is 0")
            value = value[1:]
        fields, first = rlp(value), len([place for place in self.logs if place[0] == block])
        need(isinstance(fields, list) and len(fields) >= 4 and fields[0] in (b"", b"\x01"), "it is no receipt")
        for number_, (address, topics, data) in enumerate(fields[3]):
            self.logs[block, first + number_] = (address, topics, data, index)

    def log(self, at):
        """The log at a place, decoded. Raises Fault if there is none in the receipt of its transaction."""
        address, topics, data, index = self.logs.get((at["block"], at["index"]), (b"", [], b"", None))
        found = index is not None and index == self.index.get((at["block"], at["tx"]))
        need(found, f"there is no log {at['index']} in transaction {at['tx']} of block {at['block']}")
        return Log(self.proof, address, topics, data, at["index"], index)

    def beside(self, at, log):
        """The logs of the contracts in the same receipt, by index in the block."""
        mine = [(n, each) for (b, n), each in self.logs.items() if (b, each[3]) == (at["block"], log.receipt)]
        logs = (Log(self.proof, *each[:3], n, each[3]) for n, each in mine)
        return {each.index: each for each in logs if each.event}


def parts(p):
    """What stands at a place: its path, itself, the event there, its form, and its month."""
    yield "facility", p["facility"], "FacilityRegistered", FACILITY, None
    named = (("panels", "PanelSet", PANEL), ("sources", "SourceRegistered", SOURCE), ("tokens", "Issued", TOKEN))
    for name, event, form in named:
        yield from ((f"{name}[{n}]", each, event, form, None) for n, each in enumerate(p[name]))
    for n, m in enumerate(p["months"]):
        for place, e in enumerate(m["events"]):
            yield f"months[{n}].events[{place}]", e, e["event"], EVENT(e), m["month"]
        if m["matching"]:
            yield f"months[{n}].matching", m["matching"], "Matched", MATCHING, m["month"]
    yield "claim", p["claim"], "Claimed", CLAIM, None


def bundle_headers(o):
    yield from o.faults["headers"]
    named = {at["block"] for _, at in o.places}
    for block, fields in o.headers.items():
        before = o.hashes.get(block - 1)
        yield before is None or hexed(fields[0]) == before or f"block {block} has another parent than block {block - 1}"
        yield before is not None or block in named or f"block {block} is named nowhere, and follows no block that is"
    for path, at in o.places:
        found = o.hashes.get(at["block"], "none")
        yield found == at["block_hash"] or f"{path}: block {at['block']} has the hash {found}, not {at['block_hash']}"


def trusted(o, hashes):
    known, blocks = set(), sorted(o.headers, reverse=True)
    for block in blocks:
        if o.hashes[block] in hashes or block + 1 in known:
            known.add(block)
        fault = f"block {block} with hash {o.hashes[block]} leads to no trusted block hash"
        yield block in known or block + 1 in o.headers or fault
    for each in hashes:
        yield each in o.hashes.values() or f"no header of the bundle has the trusted hash {each}"


def bundle_transactions(o):
    yield from o.faults["transactions"]
    named = {(at["block"], at["tx"]) for _, at in o.places}
    yield from (place in o.index or f"block {place[0]} holds no transaction {place[1]}" for place in sorted(named))
    yield from (place in named or f"transaction {place[1]} is named nowhere" for place in sorted(o.index))
    for (block, index), value in o.transactions.items():
        found = chain_of(value)
        where = f"transaction {index} of block {block}"
        yield found in (None, o.proof["chain"]["id"]) or f"{where} is of chain {found}, not of the proof's"


def chain_of(value):
    """The chain that a transaction names; None if it names none that the format knows."""
    if value[0] >= 0xC0:
        v = int.from_bytes(rlp(value)[6], "big")
        return None if v in (27, 28) else (v - 35) // 2
    return int.from_bytes(rlp(value[1:])[0], "big") if 1 <= value[0] <= 4 else None


def bundle_receipts(o):
    yield from o.faults["receipts"]
    wanted = {(b, n) for (b, _), last in o.index.items() for n in range(last + 1)}
    given = {(each["block"], each["index"]) for each in o.bundle["receipts"]}
    yield from (each in given or f"receipt {each[1]} of block {each[0]} is not given" for each in sorted(wanted))
    yield from (each in wanted or f"receipt {each[1]} of block {each[0]} is not needed" for each in sorted(given))


def bundle_events(o):
    for path, item, event, form, month in parts(o.proof):
        try:
            for found in event_faults(o, item, event, form, month):
                yield found is True or f"{path}{found}"
        except Exception as error:
            yield f"{path}: {error or type(error).__name__}"


def event_faults(o, item, event, form, month):
    at, log, p = item["at"], o.log(item["at"]), o.proof
    need(log.event == event, f"log {at['index']} of transaction {at['tx']} is no {event} of its contract")
    said, around = {}, o.beside(at, log)
    facility, about = number(p["facility"]["id"]), (number(p["facility"]["id"]), month and month_number(month))
    for name, argument in log.fields.items():
        said[name] = log.shown(argument, form[name])
    same = log.args.get("facility", facility) == facility and log.args.get("month", about[1]) in (about[1], None)
    yield same or f" is about another facility or month in {at['tx']}"
    if event == "Issued":
        moves = [each.transfers("from") for index, each in around.items() if index > at["index"]]
        said["amount"] = dict(next((each for each in moves if each is not None), ())).get(log.args["id"])
    elif event == "Retired":
        moved = around[at["index"] - 1].transfers("to") if at["index"] - 1 in around else None
        need(moved is not None, ": no transfer to nobody is before it")
        said["tokens"] = [{"token": hexed(word(token)), "amount": amount} for token, amount in moved]
    elif event == "Allocated":
        share = around.get(at["index"] - 1)
        fine = share and share.event == "ShareClaimed" and (share.args["tenant"], share.args["month"]) == about
        need(fine, "no ShareClaimed of this facility and month is before it")
        said |= {name: share.shown(argument, form[name]) for name, argument in share.fields.items()}
    elif event == "Claimed":
        said["time"] = int.from_bytes(o.headers[at["block"]][11], "big")
    if "attested" in form:
        said["attested"] = []
        if item["auditor"] == p["contracts"][CONTRACTS.index("Auditors")]["address"]:
            before = [each for index, each in around.items() if index < at["index"] and each.event == "Attested"]
            fine = before and (before[-1].args["facility"], before[-1].args["month"]) == about
            need(fine, "no Attested of this facility and month is before it")
            said["attested"] = before[-1].shown("auditors", "ADDRS")
    for name, value in said.items():
        yield item[name] == value or f".{name} is {item[name]!r} in the proof and {value!r} in its receipt"


def bundle_order(o):
    for _, e, where in events(o.proof, *AUDITS, "Disallowed"):
        yield order(e) < order(o.proof["claim"]) or f"{where}: {e['event']} follows the claim, which it ended"


def bundle_code(o):
    entries, known = o.bundle["code"], {}
    fine = not entries or [each["name"] for each in entries] == [each["name"] for each in o.proof["contracts"]]
    yield fine or "the accounts are not those of the contracts, in their order"
    for entry, contract in zip(entries, o.proof["contracts"], strict=False):
        block, name = entry["block"], entry["name"]
        need(block in o.headers and block >= o.proof["claim"]["at"]["block"], f"{name}: block {block} has no header")
        key, nodes = keccak(raw(contract["address"].lower())), [raw(node) for node in entry["nodes"]]
        found = hexed(rlp(under(o.headers[block][3], key, nodes, known.setdefault(block, {})))[3])
        yield found == contract["code_hash"] or f"{name} has code with the hash {found}, not {contract['code_hash']}"


def committed(digest, salt):
    """The commitment to a file with this SHA-256 that the text of a salt opens; None for what is no salt."""
    text = (salt or b"").decode("latin-1")
    if not re.fullmatch("[0-9a-f]{64}\n?", text):
        return None
    return hexed(sha256(bytes.fromhex(text.strip()) + raw(digest)).digest())


def named_inputs(p):
    """The inputs of all documents, each with the names that it may have in the folder of inputs."""
    for m, e, _ in events(p, *AUDITS):
        for each in e["document"]["inputs"]:
            fleet = e["document"]["type"] == FLEET
            yield each, [f"{m['month']}/{each['name']}", each["name"]] if fleet else [each["name"]]


def bundle_inputs(o):
    entries, contents, used = o.bundle["inputs"], {}, set()
    pairs = [(each["name"], each["sha256"]) for each in entries]
    yield ascends(pairs) or "the inputs are not in the order of name and sha-256, each once"
    for each in (each for each in entries if each["content"] is not None):
        content = base64.b64decode(each["content"], validate=True)
        yield each["name"] not in contents or f"{each['name']} is given twice with content"
        yield hexed(sha256(content).digest()) == each["sha256"] or f"{each['name']} does not have the hash of its entry"
        contents[each["name"]] = content
    for item, names in named_inputs(o.proof):
        fits = set()
        for each in (each for each in entries if each["name"] in names):
            opened = each["content"] is not None and committed(each["sha256"], contents.get(each["name"] + ".salt"))
            fits |= {(each["name"], each["sha256"])} if item["sha256"] in (each["sha256"], opened) else set()
        yield fits or f"{item['name']} with sha-256 {item['sha256']} is named by a document and not given as that"
        used |= fits
        if item["kind"] == "factor":
            with suppress(ValueError, TypeError, AttributeError):
                for each in json.loads(contents.get(item["name"], b"{}")).get("candidates", []):
                    used.add((each["source"], "0x" + each["file_sha256"].removeprefix("0x")))
    salts = {name + ".salt" for name, _ in used}
    for each, pair in zip(entries, pairs, strict=True):
        fine = pair in used or (each["name"] in salts and each["content"] is not None)
        yield fine or f"{each['name']} with sha-256 {each['sha256']} is named by no document"


def bundle_shares(o):
    keys = [(each["share"]["month"], each["share"]["share"]["tenant"]) for each in o.bundle["shares"]]
    yield ascends(keys) or "the shares are not in the order of month and tenant, each once"
    for n, entry in enumerate(o.bundle["shares"]):
        try:
            for found in share_faults(o, entry["at"], entry["share"]):
                yield found is True or f"shares[{n}]: {found}"
        except Exception as error:
            yield f"shares[{n}]: {error or type(error).__name__}"


def share_faults(o, at, tenant):
    p, s = o.proof, tenant["share"]
    stated = tenant["chain_id"], tenant["genesis"].lower(), tenant["allocations"].lower(), tenant["facility"]
    allocations = p["contracts"][CONTRACTS.index("Allocations")]["address"].lower()
    meant = p["chain"]["id"], p["chain"]["genesis"], allocations, p["facility"]["id"]
    yield stated == meant or "it is of another chain, contract or facility than the proof"
    a = next((m["account"] for m in p["months"] if m["month"] == tenant["month"]), None)
    need(a, f"{tenant['month']} is no month of the claim")
    version = a["version"] | a["shares"] << 16
    yield tenant["version"] == version or f"it is of version {tenant['version']}, the claim rests on {version}"

    def octets(amounts):  # market, location, energy: 6 bytes each
        return b"".join(each.to_bytes(6, "big") for each in reversed(amounts))

    amounts = [s["energy_wh"], s["location_g"], s["market_g"]]
    top = keccak(b"\0" + raw(s["tenant"]) + octets(amounts) + raw(s["salt"]))
    path = raw(s["siblings"])
    siblings = [path[n : n + 50] for n in range(0, len(path), 50)]
    need(len(path) % 50 == 0 and s["index"] < 1 << len(siblings), "its siblings or its index are of no tree")
    for level, other in enumerate(siblings):
        here = top + octets(amounts)
        top = keccak(b"\1" + (other + here if s["index"] >> level & 1 else here + other))
        lanes = [int.from_bytes(other[44 - 6 * lane : 50 - 6 * lane], "big") for lane in range(3)]
        amounts = [mine + theirs for mine, theirs in zip(amounts, lanes, strict=True)]
    total, depth = int.from_bytes(octets(amounts), "big"), len(siblings)
    token = 1 << 248 | number(tenant["facility"]) << 32 | month_number(tenant["month"])
    root = keccak(b"\2" + word(token) + word(tenant["version"]) + word(depth) + top + word(total))
    yield hexed(root) == tenant["root"] or f"it leads to the root {hexed(root)}, not to {tenant['root']}"
    log = o.log(at)
    need(log.event == "Committed", f"log {at['index']} of transaction {at['tx']} is no Committed of Allocations")
    said = {
        "facility": number(tenant["facility"]),
        "month": month_number(tenant["month"]),
        "depth": depth,
        "total": total,
    }
    for name, value in (said | {"version": tenant["version"], "root": number(tenant["root"])}).items():
        yield log.args[name] == value or f"committed was the {name} {log.args[name]}, the share says {value}"
    whole = totals(a, log.args["recs"])
    meant = [a["energy_wh"], whole["gross_location_g"], whole["gross_market_g"]]
    yield amounts == meant or f"the shares add up to {amounts} (Wh, g, g), the account is {meant}"


BUNDLE_CHECKS = {
    "the bundle is as it was written": lambda o: seal(o.bundle),
    "every header has its hash and leads to the next": bundle_headers,
    "every transaction stands in its block": bundle_transactions,
    "every receipt stands in its block, and those before it": bundle_receipts,
    "every event stands in its receipt as in the proof": bundle_events,
    "no audit, restatement or disallowance follows the claim": bundle_order,
    "the contracts hold the code of the proof": bundle_code,
    "every input is one that a document names": bundle_inputs,
    "every share leads to the root that was committed": bundle_shares,
}
TRUST = "every block leads to a block hash that is trusted"
FILES = "every input file has the hash that its document names"


def folder_faults(p, folder):
    for item, names in named_inputs(p):
        path = next((folder / name for name in names if (folder / name).is_file()), folder / item["name"])
        salt = path.with_name(path.name + ".salt")
        digest = hexed(sha256(path.read_bytes()).digest()) if path.is_file() else "none"
        opened = committed(digest, salt.read_bytes()) if path.is_file() and salt.is_file() else None
        fault = f"{item['name']} has sha-256 {digest}, the document says {item['sha256']}"
        yield item["sha256"] in (digest, opened) or fault


def verify(data, block_hashes=(), folder=None):
    """Every check of a file's bytes with its faults: [(name, [fault, ...])], and the proof if it could be read."""
    try:
        value, proof = parse(data)
    except Exception as error:
        return [("the file is a proof", [str(error) or type(error).__name__])], None
    found = [(name, faults_of(check, proof)) for name, check in PROOF_CHECKS.items()]
    if value is not proof:
        opened = Opened(value)
        found += [(name, faults_of(check, opened)) for name, check in BUNDLE_CHECKS.items()]
        if block_hashes:
            found.append((TRUST, faults_of(lambda o: trusted(o, block_hashes), opened)))
    elif block_hashes:
        found.append((TRUST, ["this is a proof, which has no headers: only a bundle can be compared"]))
    return found + ([(FILES, faults_of(lambda p: folder_faults(p, folder), proof))] if folder else []), proof


def faults_of(check, subject):
    """The sentences of a check; what cannot be computed is one."""
    found = []
    try:
        for each in check(subject):
            found += [each] if isinstance(each, str) else [] if each else ["a check failed without a reason"]
    except Exception as error:
        found.append(f"cannot be computed: {error or type(error).__name__}")
    return found


# --- What a reader sees ---
def told(p):
    """The claim in words, and whom it relies on: nobody can compute whether an auditor or an issuer told the truth."""
    f, c, places = p["facility"], p["claim"], {e["document"]["method"]["boundary"] for _, e, _ in events(p, *AUDITS)}
    yield f"claim: facility {f['id']} in {f['grid_region']}, owner {f['owner']}: {f['description'] or 'not described'}"
    months = c["first"] if c["first"] == c["last"] else f"{c['first']} to {c['last']}"
    yield f"months: {months}; basis: {c['basis']}; boundary: {', '.join(sorted(places))}"
    total = {name: sum(m["totals"][name] for m in p["months"]) for name in TOTALS}
    yield "; ".join(f"{name.removesuffix('_g').replace('_', ' ')}: {grams} g CO2e" for name, grams in total.items())
    yield f"relies on contracts of chain {p['chain']['id']}: " + ", ".join(
        f"{each['name']} {each['address']}" for each in p["contracts"]
    )
    audits = [e for _, e, _ in events(p) if "attested" in e]
    matched = [who for m in p["months"] if m["matching"] for who in m["matching"]["auditors"]]
    undocumented = [t["id"] for t in p["tokens"] if not t["document"]]
    for name, whom in {
        "auditors": {who for e in audits for who in e["attested"] or [e["auditor"]]},
        "auditors of hours": set(matched),
        "issuers": {source["issuer"] for source in p["sources"]},
        "publishers of factors": {f"{each['dataset']} {each['year']} {each['edition']}" for each in p["factors"]},
        "tokens without a document": set(undocumented),
    }.items():
        if whom:
            yield f"relies on {name}: {', '.join(sorted(whom))}"


def unchecked(bundle, block_hashes, folder):
    """What this verifier did not check, so that nobody takes it for checked."""
    yield "factors against the published table (data/egrid)"
    yield "readings, choices of factors and methods recomputed from input files"
    if not folder:
        yield "input files (--inputs)"
    if not (bundle and block_hashes):
        yield "block hashes (--block-hash, of a bundle)"
    if bundle is not None and not bundle["code"]:
        yield "code of the contracts"
    yield "what happened after the last block, finality, and whether the contracts are those that you trust"


def say(text):
    """Prints a line; what a hostile file could steer a terminal with is shown escaped."""
    print("".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in text))


def main():
    sys.stdout.reconfigure(errors="backslashreplace")
    parser = argparse.ArgumentParser(description="Verifies a proof or a bundle of carbon-tokens.")
    parser.add_argument("file", type=Path)
    parser.add_argument("--block-hash", action="append", default=[], help="that you trust; may be repeated")
    parser.add_argument("--inputs", type=Path, help="folder of the files that the documents rest on")
    given = parser.parse_args()
    try:
        data = given.file.read_bytes()
    except OSError as error:
        say(f"{given.file} cannot be read: {error.strerror}")
        return 1
    checks, proof = verify(data, [each.lower() for each in given.block_hash], given.inputs)
    for name, faults in checks:
        say(f"{'FAIL' if faults else 'ok  '} {name}")
        for fault in faults:
            say(f"       {fault}")
    failed = any(faults for _, faults in checks)
    if proof:
        content = json.loads(data)
        rest = unchecked(content if "proof" in content else None, given.block_hash, given.inputs)
        for line in (*told(proof), *(f"not checked here: {each}" for each in rest)):
            say(line)
    compared = "CONSISTENT WITH THE TRUSTED BLOCKS" if given.block_hash else "CONSISTENT, NOT CHECKED ON A CHAIN"
    print("NOT VERIFIED" if failed else compared)
    return int(failed)


if __name__ == "__main__":
    sys.exit(main())
