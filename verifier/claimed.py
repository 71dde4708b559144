"""Whether a chain issued the claim of a bundle (docs/proof-format.md): Python 3.11 and this one page, nothing else.

    python claimed.py BUNDLE --block-hash 0x...     the hash of the bundle's last block, from a source that you trust

The block's hash commits to the headers before it, a header to its receipts and accounts (Merkle-Patricia trees). So it
is certain that the contracts stood there with the code named, and that one of them emitted `Claimed`, as it does only
while every month is closed and net emissions are not above zero. What the months are made of, verify.py recomputes.
"""

import argparse
import json
import sys
from itertools import pairwise
from pathlib import Path

CLAIMED = bytes.fromhex(
    "4ca1cbe28637b1dd880d0db86357beb802b2127e0f0cae64cbca8ecb5b0e2424"
)  # Claimed(uint256,uint256,uint32,uint64)


def keccak(data):
    """Keccak-256 (FIPS 202, but 0x01 begins the padding): lane (x, y) of the state is s[x + 5y]."""

    def turned(lane, places):
        return (lane << places | lane >> 64 - places) & (1 << 64) - 1

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


def item(data, at=0):
    """The RLP item at a place, bytes or list, and where it ends."""
    first = data[at]
    if first < 0x80:
        return data[at : at + 1], at + 1
    is_list, size, start = first >= 0xC0, first - (0xC0 if first >= 0xC0 else 0x80), at + 1
    if size > 55:
        start, size = start + size - 55, int.from_bytes(data[start : start + size - 55])
    if not is_list:
        return data[start : start + size], start + size
    found, end = [], start + size
    while start < end:
        each, start = item(data, start)
        found.append(each)
    return found, end


def stands(root, key, nodes):
    """The value under a key in the tree of a root; every node is found by its hash, so none can be another."""
    path, node = [int(digit, 16) for digit in key.hex()], item(nodes[root])[0]
    while True:
        if len(node) == 17:
            if not path:
                return node[16]
            child, path = node[path[0]], path[1:]
        else:
            digits = [int(digit, 16) for digit in node[0].hex()]
            digits, leaf = digits[1 if digits[0] % 2 else 2 :], digits[0] >= 2
            if path[: len(digits)] != digits:
                raise KeyError("nothing stands under this key")
            child, path = node[1], path[len(digits) :]
            if leaf:
                return child
        node = child if isinstance(child, list) else item(nodes[child])[0]


def by_hash(entries, block):
    nodes = [bytes.fromhex(node[2:]) for each in entries if each["block"] == block for node in each["nodes"]]
    return {keccak(node): node for node in nodes}


def logs(bundle, block, root):
    """The logs of a block in its order, up to the last receipt of the bundle: address, topics, data."""
    nodes = by_hash(bundle["receipts"], block)
    for index in range(1 + max(each["index"] for each in bundle["receipts"] if each["block"] == block)):
        short = index.to_bytes((index.bit_length() + 7) // 8)
        key = b"\x80" if not index else short if index < 128 else bytes([0x80 + len(short)]) + short
        receipt = stands(root, key, nodes)
        yield from item(receipt, 0 if receipt[0] >= 0xC0 else 1)[0][3]  # a type stands before those that have one


def months(claim):
    """A claim's id says what it is of: basis << 248 | facility << 32 | first month << 16 | last month, from 1970 on."""
    return [f"{1970 + each // 12}-{each % 12 + 1:02}" for each in (claim >> 16 & 0xFFFF, claim & 0xFFFF)]


def need(holds, fault):
    if not holds:
        raise ValueError(fault)


def proven(bundle, trusted):
    """What is certain of a bundle's claim, as lines. Raises an exception for whatever leads elsewhere."""
    headers = [(item(each)[0], keccak(each)) for each in (bytes.fromhex(each[2:]) for each in bundle["headers"])]
    for (_, before), (fields, _) in pairwise(headers):
        need(fields[0] == before, "a header is not the parent of the next: ask for a bundle with all headers")
    need(headers[-1][1].hex() == trusted.removeprefix("0x").lower(), "the bundle's last block is not the trusted one")
    blocks = {int.from_bytes(fields[8]): fields for fields, _ in headers}
    claim, at = int(bundle["proof"]["claim"]["id"], 16), bundle["proof"]["claim"]["at"]
    contracts = {each["name"]: each for each in bundle["proof"]["contracts"]}
    address, topics, _ = list(logs(bundle, at["block"], blocks[at["block"]][5]))[at["index"]]
    need(address.hex() == contracts["NetEmissions"]["address"][2:].lower(), "another contract emitted this log")
    facility = claim >> 32 & (1 << 216) - 1
    need(topics == [CLAIMED, claim.to_bytes(32), facility.to_bytes(32)], "the log is of another claim")
    first, last = months(claim)
    basis = "hourly" if claim >> 248 else "annual"
    lines = [
        f"claim 0x{claim:064x} of facility 0x{facility:054x}, {first} to {last}, {basis}",
        f"was issued in block {at['block']}, which leads to the trusted block {max(blocks)}, by these contracts:",
    ]
    for entry in bundle["code"]:
        stated, nodes = contracts[entry["name"]], by_hash(bundle["code"], entry["block"])
        account = item(stands(blocks[entry["block"]][3], keccak(bytes.fromhex(stated["address"][2:])), nodes))[0]
        need(account[3].hex() == stated["code_hash"][2:], f"{entry['name']} has other code")
        lines.append(f"  {entry['name']} {stated['address']}, code {stated['code_hash']}")
    missing = [each for each in contracts if each not in [entry["name"] for entry in bundle["code"]]]
    lines += [f"  {name} {contracts[name]['address']}, code not compared" for name in missing]
    return [
        *lines,
        "whether these are the contracts that you trust, and whether the claim holds still, is not in the file",
    ]


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("bundle")
    parser.add_argument("--block-hash", required=True)
    options = parser.parse_args()
    try:
        print("\n".join(proven(json.loads(Path(options.bundle).read_bytes()), options.block_hash)))
    except Exception as error:  # what cannot be followed to the trusted block is not proven, for whatever reason
        sys.exit(f"NOT PROVEN: {type(error).__name__}: {error!a}")


if __name__ == "__main__":
    main()
