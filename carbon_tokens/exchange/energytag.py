"""RECs that were matched by the hour as EnergyTag granular certificate bundles (GC Scheme Standard 2, its data fields).

A batch with its generation by hour (``ledger.hours.GranularCertificate``) is one bundle for each hour that has energy,
of certificates of 1 Wh: the finest that the standard has. Identifiers of ours number the Wh of a batch from 1 on.

    issuance_id, account_id, device_id     UUIDs derived from token, owner, and registry with the device's own id
    bundle_id_range_start, …_end, bundle_quantity    the hour's Wh within the batch
    face_value, energy_carrier             1 Wh, Electricity
    certificate_status, beneficiary        Cancelled: retired; the facility
    production_starting_interval, …_ending_interval  the hour, UTC
    device_name, connected_grid_identification, issue_market_zone, issuing_body    device, grid region, market, registry
    energy_source, device_technology_type, device_production_start_date, device_capacity (W), device_location,
    device_type, registry_configuration, issuance_datestamp, expiry_datestamp, country_of_issuance,
    issuance_post_energy_carrier_conversion    stated, for each device
    storage fields                         not given: no storage device is among what is issued here
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from carbon_tokens.certificate import CertificateFacts
from carbon_tokens.certificate.grounds import InstrumentFacts
from carbon_tokens.errors import ExchangeRefused
from carbon_tokens.exchange.checked import device_name, instant, named, valid
from carbon_tokens.exchange.stated import Stated
from carbon_tokens.ledger.hours import GranularCertificate

_NEEDED = (
    "energy_source", "device_technology_type", "device_production_start_date", "device_capacity", "device_location",
    "device_type", "registry_configuration", "issuance_datestamp", "expiry_datestamp", "country_of_issuance",
    "issuance_post_energy_carrier_conversion",
)  # fmt: skip
_MORE = ("emissions_factor_production_device", "emissions_factor_source")
_HOUR = 3600


def bundles(facts: CertificateFacts, generated: Iterable[GranularCertificate], stated: Stated) -> list[dict[str, Any]]:
    """The bundles of a claim's granular certificates, an hour of a batch each; Wh.

    Args:
        generated: the granular certificates that were retired, with their generation by hour; of a claim on the
            hourly basis all of them.
        stated: the tables ``energytag``, by ``REGISTRY:DEVICE``.

    Raises:
        ExchangeRefused: none; a batch without its generation, or generation of another one.
    """
    known = {f"0x{each.id:064x}": each for each in generated}
    if foreign := sorted(set(known) - {each.token for each in facts.recs}):
        raise ExchangeRefused(f"{foreign[0]} is no REC of this claim", where="generation")
    if not known:
        raise ExchangeRefused("there is no generation by hour", where="generation", todo="Give granular certificates.")
    found = list[dict[str, Any]]()
    for batch in facts.recs:
        if batch.token not in known and facts.basis == "annual":
            continue  # RECs by the year have no hours
        if batch.token not in known:
            todo = "Give the file of its granular certificate."
            raise ExchangeRefused(f"the generation of {batch.token} is not at hand", where=_name(batch), todo=todo)
        found += _hours(facts, batch, known[batch.token], stated)
    return list(valid("energytag", found))


def _hours(
    facts: CertificateFacts, batch: InstrumentFacts, generated: GranularCertificate, stated: Stated
) -> Iterator[dict[str, Any]]:
    if batch.amount != generated.amount:
        what = f"{batch.amount} of its {generated.amount} Wh count: a granular certificate counts whole"
        raise ExchangeRefused(what, where=_name(batch))
    said = stated.table("energytag", _NEEDED, _MORE, _name(batch))
    _require_possible(_name(batch), said, generated)
    same = {
        "certificate_status": "Cancelled",
        "issuance_id": named("issuance", facts.chain.genesis, batch.token),
        "account_id": named("account", facts.chain.genesis, facts.claim.owner),
        "beneficiary": facts.facility.id,
        "energy_carrier": "Electricity",
        "face_value": 1,
        "device_id": named("device", batch.registry, device_name(batch.device)),
        "device_name": device_name(batch.device),
        "connected_grid_identification": batch.grid_region,
        "issue_market_zone": batch.market_zone,
        "issuing_body": batch.registry,
        **said,
    }
    before = 0
    for start, energy in zip(range(generated.generation.month.start, generated.generation.month.end, _HOUR),
                             generated.generation.hours, strict=True):  # fmt: skip
        if energy:
            hour = {
                "production_starting_interval": instant(start),
                "production_ending_interval": instant(start + _HOUR),
            }
            numbers = {"bundle_id_range_start": before + 1, "bundle_id_range_end": before + energy}
            yield same | hour | numbers | {"bundle_quantity": energy}
            before += energy


def _require_possible(name: str, said: dict[str, Any], generated: GranularCertificate) -> None:
    """Refuses a device that cannot have generated this, and dates in an order that cannot be."""
    capacity, most = said["device_capacity"], max(generated.generation.hours)
    if isinstance(capacity, int) and most > capacity:
        what = f"{most} Wh in an hour are more than {capacity} W can generate"
        raise ExchangeRefused(what, where=f"{name} device_capacity", todo="State the capacity in W.")
    first = instant(generated.generation.month.start)[:10]
    days = [said["device_production_start_date"], first, said["issuance_datestamp"], said["expiry_datestamp"]]
    if all(isinstance(each, str) for each in days) and days != sorted(days):
        what = "production, generation, issuance and expiry are not in this order"
        raise ExchangeRefused(what, where=f"{name} dates", todo="Correct the dates.")


def _name(batch: InstrumentFacts) -> str:
    return f"{batch.registry}:{device_name(batch.device)}"
