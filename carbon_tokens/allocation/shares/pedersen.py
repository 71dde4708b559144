"""Pedersen commitments to a tenant's amounts on alt_bn128 (EIP-196), three amounts in one point.

    C = energy · G_E + location · G_L + market · G_M + blinding · H

Perfectly hiding with a uniform blinding; binding as long as nobody knows a relation of the four generators, whose
discrete logarithms nobody chose: each is the first point of keccak("carbon-tokens/pedersen/1/" · name · counter) as x,
with the even y. Commitments add up as their amounts and blindings do, modulo the group's order of 254 bits.
Source: Pedersen, "Non-interactive and information-theoretic secure verifiable secret sharing" (CRYPTO 1991); the curve
is the one of the chain's precompiles 6 and 7, so that a contract can check the same equation.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import cache
from typing import Any

from carbon_tokens.allocation.shares.keccak import keccak256
from carbon_tokens.allocation.shares.share import Amounts
from carbon_tokens.errors import AllocationError

Point = tuple[int, int]  # affine; (0, 0) is the point at infinity, as in EIP-196

FIELD = 21888242871839275222246405745257275088696311157297823662689037894645226208583
ORDER = 21888242871839275222246405745257275088548364400416034343698204186575808495617
INFINITY: Point = (0, 0)
POINT = 64  # bytes
DOMAIN = b"carbon-tokens/pedersen/1/"
NAMES = ("energy", "location", "market", "blinding")
_WINDOW = 8  # bits of a scalar that one table holds


@cache
def generator(name: str) -> Point:
    """A generator by its name: the first x on the curve among the hashes of name and counter, with the even y."""
    for counter in range(256):
        x = int.from_bytes(keccak256(DOMAIN + name.encode() + bytes([counter]))) % FIELD
        square = (x**3 + 3) % FIELD
        y = pow(square, (FIELD + 1) // 4, FIELD)
        if y * y % FIELD == square:
            return x, y if y % 2 == 0 else FIELD - y
    raise AllocationError("no hash is on the curve", where=name)


def commitments(openings: Sequence[tuple[Amounts, int]]) -> list[Point]:
    """The commitment of each pair of amounts (Wh, g) and blinding.

    Raises:
        AllocationError: a blinding that is not from 0 to the group's order.
    """
    return _affine([_commitment(amounts, blinding) for amounts, blinding in openings])


def added(pairs: Iterable[tuple[Point, Point]]) -> list[Point]:
    """The sum of each pair of points."""
    add = _curve().add
    return _affine([add(_projective(left), _projective(right)) for left, right in pairs])


def encoded(point: Point) -> bytes:
    """x and y, 32 bytes each, as EIP-196 has them."""
    return point[0].to_bytes(32) + point[1].to_bytes(32)


def decoded(name: str, octets: bytes) -> Point:
    """The point in 64 bytes. Raises AllocationError for what is none of the curve, or no canonical form of one."""
    x, y = int.from_bytes(octets[:32]), int.from_bytes(octets[32:])
    on_curve = x < FIELD and y < FIELD and (y * y - x**3 - 3) % FIELD == 0
    if len(octets) != POINT or not (on_curve or (x, y) == INFINITY):
        raise AllocationError("is no point of the curve", where=name)
    return x, y


def _commitment(amounts: Amounts, blinding: int) -> Any:
    if type(blinding) is not int or not 0 <= blinding < ORDER:
        raise AllocationError("is no number below the group's order", where="blinding")
    scalars = (amounts.energy_wh, amounts.location_g, amounts.market_g, blinding)
    found, add = _projective(INFINITY), _curve().add
    for name, scalar in zip(NAMES, scalars, strict=True):
        for window, digit in enumerate(scalar.to_bytes(32, "little")):
            if digit:
                found = add(found, _multiples(name, window)[digit])
    return found


@cache
def _multiples(name: str, window: int) -> list[Any]:
    """0 to 255 times 2^(8 · window) of a generator."""
    add = _curve().add
    if window:
        base = add(_multiples(name, window - 1)[-1], _multiples(name, window - 1)[1])
    else:
        base = _projective(generator(name))
    found = [_projective(INFINITY)]
    for _ in range((1 << _WINDOW) - 1):
        found.append(add(found[-1], base))
    return found


def _projective(point: Point) -> Any:
    curve = _curve()
    if point == INFINITY:
        return curve.FQ.one(), curve.FQ.one(), curve.FQ.zero()
    return curve.FQ(point[0]), curve.FQ(point[1]), curve.FQ.one()


def _affine(points: Sequence[Any]) -> list[Point]:
    """Points without their third coordinate: one inversion for all of them (Montgomery's trick)."""
    products, product = list[int](), 1
    for *_, z in points:
        products.append(product)
        product = product * (int(z) or 1) % FIELD
    inverse = pow(product, -1, FIELD)
    found = list[Point]()
    for (x, y, z), before in zip(reversed(points), reversed(products), strict=True):
        own = inverse * before % FIELD if int(z) else 0
        found.append((int(x) * own % FIELD, int(y) * own % FIELD))
        inverse = inverse * (int(z) or 1) % FIELD
    return found[::-1]


@cache
def _curve() -> Any:
    from py_ecc import optimized_bn128  # 0.1 s, which others need not pay

    return optimized_bn128
