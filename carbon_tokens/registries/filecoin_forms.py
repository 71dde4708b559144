"""Tables with which the Filecoin project buys, delivers and shares out certificates for its storage providers.

    eac-orders       contracts with sellers (step 2), MWh
    eac-matches      contracts matched to nodes (step 3), MWh
    eac-delivery     what a seller delivered, before it is recorded: its column ``volume_Wh`` holds MWh
    eac              generation records (step 6): here ``volume_Wh`` holds Wh
    eac-allocations  recorded certificates allocated to nodes (step 7), MWh
    eac-summary      certificates and energy by node, MWh
    erc1888          planned redemptions behind tokens on Energy Web Chain, MWh

None states serials, so that nothing of them can be issued: the registry's own statement can. The two ``volume_Wh`` are
told apart by what stands beside them, and by size: a certificate is a whole MWh, and none of them is of a TWh.
"""

from __future__ import annotations

from carbon_tokens.registries.entries import PER_UNIT, Found, Row, amount, day, form, vintage

_MOST = 1_000_000 * PER_UNIT  # a TWh in Wh: more than a plant makes in a month, and a MWh that was taken for Wh


def _generation(row: Row) -> Found:
    energy = amount(row["volume_Wh"], 1)
    if energy % PER_UNIT:
        raise ValueError(f"{row['volume_Wh']} Wh are no whole MWh: does the column hold MWh?")
    return {**_record(row, energy, row["certificate"]), **_generated(row["generationStart"], row["generationEnd"])}


def _delivery(row: Row) -> Found:
    energy = _mwh(row["volume_Wh"])
    return {**_record(row, energy, ""), **_generated(row["generationStart"], row["generationEnd"])}


def _record(row: Row, energy: int, certificate: str) -> Found:
    return {
        "source": row["generatorName"], "name": row["generatorName"], "serials": certificate, "amount": energy,
        "technology": row["energySource"].lower(), "place": row["country"],
        "faults": ("a delivery record states no serials: import the redemption statement that it stands for",),
    }  # fmt: skip


def _generated(start: str, end: str) -> Found:
    return vintage(day(start.partition("T")[0]), day(end.partition("T")[0]))


def _order(row: Row) -> Found:
    return {
        "source": row["contract_id"], "name": row["sellerName"], "serials": row["contract_id"],
        "amount": _mwh(row["volume_MWh"]), "technology": row["energySources"], "place": row["country"],
        **vintage(day(row["reportingStart"]), day(row["reportingEnd"])),
        "faults": ("an order is no certificate: import the registry's statement of what was delivered",),
    }  # fmt: skip


def _match(row: Row) -> Found:
    why = "an order matched to a node is no certificate: import the registry's statement of what was delivered"
    return {
        "source": row["contract_id"], "name": row["minerID"], "serials": row["allocation_id"],
        "amount": _mwh(row["volume_MWh"]), "beneficiary": row["minerID"], "faults": (why,),
    }  # fmt: skip


def _allocation(row: Row) -> Found:
    why = "an allocation of a recorded certificate states no serials: import the statement that it stands for"
    return {
        "source": row["certificate"], "name": row["certificate"], "serials": row["allocation"],
        "amount": _mwh(row["volume_MWh"]), "faults": (why,),
    }  # fmt: skip


def _summary(row: Row) -> Found:
    return {
        "source": row["minerID"], "name": row["minerID"], "amount": _mwh(row["deliveredEACs_MWh"]),
        "place": row["country"], "beneficiary": row["minerID"],
        "faults": ("a sum by node states no serials: import the statements that it adds up",),
    }  # fmt: skip


def _redemption(row: Row) -> Found:
    return {
        "source": row["redemption_account"], "name": row["redemption_account"], "amount": _mwh(row["volume_required"]),
        "place": row["location"], **vintage(day(row["start_date"]), day(row["end_date"])), "beneficiary": row["name"],
        "details": row["redemption_purpose"],
        "faults": ("a planned redemption states no serials: import the statement of the redemption",),
    }  # fmt: skip


def _mwh(text: str) -> int:
    if (energy := amount(text)) >= _MOST:
        raise ValueError(f"{text} MWh are a TWh or more: does the column hold Wh?")
    return energy


FORMS = (
    form("eac", "rec", "Energy Web", "attestation_id|certificate|volume_Wh|generatorName", _generation),
    form("eac-delivery", "rec", "Energy Web", "Time_region|volume_Wh|generatorName|generationStart|generationEnd",
         _delivery),
    form("eac-orders", "rec", "Energy Web", "contract_id|productType|deliveryDate|volume_MWh|sellerName", _order),
    form("eac-matches", "rec", "Energy Web", "allocation_id|contract_id|minerID|volume_MWh|defaulted", _match),
    form("eac-allocations", "rec", "Energy Web", "certificate|volume_MWh|order_folder|allocation", _allocation),
    form("eac-summary", "rec", "Energy Web", "minerID|deliveredEACs_MWh|openEACContracts_MWh|AllEACs_MWh", _summary),
    form("erc1888", "rec", "Energy Web", "redemption_account|volume_required|redemption_purpose|start_date|end_date",
         _redemption),
)  # fmt: skip
