"""The published method of allocation, exactly: from machines in an hour to customers in a month.

Google publishes how it allocates the emissions of its data centers to the customers of its cloud. These modules are
that method as short pure functions, in the order of the text, over exact rationals:

    (a) machine_hours    energy of machines -> services: dynamic by CPU use, idle by reservations
    (b) overhead         what the building adds, machine by machine, before idle energy is pooled
    (c) shared_services  energy of services that others run on -> those others
    (d) location         x carbon intensity of the grid in the same hour
    (e) market           contracts for carbon-free energy: last year's factor, retired instruments, hourly matching
    (f) skus             emissions of a service -> a unit of each SKU in each region
    (g) customers        x usage -> customer, project, product, region
    (h) non_electric     equipment, buildings, fuel, travel -> customers by electricity
        boundaries       what is counted at all, as data with an id

Marks of evidence in the modules: [S] stated in the "Carbon Footprint reporting methodology", edition of 2024, [S26] in
that of 2026-04-08; [A] abstract and captions of Schneider and Mattia, "Carbon accounting in the Cloud" (arXiv
2406.09645), [P] its body, known at second hand; [I] our own inference.

They are the reference: small and plain rather than fast, to be read, and to check faster code against. Every step
conserves its total, so that what customers are charged is what the meters showed. Inputs are int, Decimal or Fraction,
never float; masses are g, intensities g/kWh where energies are kWh.
"""

from __future__ import annotations

from carbon_tokens.allocation.method.boundaries import BOUNDARIES, Boundary
from carbon_tokens.allocation.method.customers import (
    Footprint,
    Line,
    Usage,
    electricity_ratio,
    footprints,
    total_by,
    usage_by_sku,
)
from carbon_tokens.allocation.method.location import ANNUAL, HOURLY, LocationBased, location_based
from carbon_tokens.allocation.method.machine_hours import (
    UNALLOCATED,
    ClusterHour,
    MachineHour,
    cluster_hour,
    dynamic_shares,
    idle_scores,
    idle_shares,
    resource_weights,
    split,
)
from carbon_tokens.allocation.method.market import (
    HourlyMatch,
    MarketBased,
    RetiredInstrument,
    ScalingFactor,
    hourly_match,
    market_based,
    scaling_factor,
    scaling_factor_of_totals,
)
from carbon_tokens.allocation.method.non_electric import (
    Cohort,
    Facility,
    NonElectric,
    by_electricity,
    monthly_fuel,
    monthly_travel,
    non_electric_emissions,
)
from carbon_tokens.allocation.method.overhead import WithOverhead, pue, with_overhead
from carbon_tokens.allocation.method.rationals import Number
from carbon_tokens.allocation.method.shared_services import (
    EXTERNAL,
    Closure,
    Rounds,
    closed_sets,
    closure,
    fractions_by_cost,
    fractions_by_usage,
    net_charges,
    rounds,
    without_self_use,
)
from carbon_tokens.allocation.method.skus import UNSOLD, ServiceMonth, SkuFactors, regional_factors, service_factors

__all__ = [
    "Number",
    # (a)
    "MachineHour",
    "ClusterHour",
    "UNALLOCATED",
    "split",
    "dynamic_shares",
    "idle_scores",
    "idle_shares",
    "resource_weights",
    "cluster_hour",
    # (b)
    "WithOverhead",
    "pue",
    "with_overhead",
    # (c)
    "EXTERNAL",
    "Closure",
    "Rounds",
    "fractions_by_usage",
    "fractions_by_cost",
    "net_charges",
    "without_self_use",
    "closed_sets",
    "closure",
    "rounds",
    # (d)
    "HOURLY",
    "ANNUAL",
    "LocationBased",
    "location_based",
    # (e)
    "ScalingFactor",
    "RetiredInstrument",
    "MarketBased",
    "HourlyMatch",
    "scaling_factor",
    "scaling_factor_of_totals",
    "market_based",
    "hourly_match",
    # (f)
    "UNSOLD",
    "ServiceMonth",
    "SkuFactors",
    "regional_factors",
    "service_factors",
    # (g)
    "Usage",
    "Line",
    "Footprint",
    "usage_by_sku",
    "footprints",
    "total_by",
    "electricity_ratio",
    # (h)
    "Cohort",
    "Facility",
    "NonElectric",
    "monthly_fuel",
    "monthly_travel",
    "non_electric_emissions",
    "by_electricity",
    # boundaries
    "BOUNDARIES",
    "Boundary",
]
