"""What a certificate says in words: every sentence once, in English, with what it follows.

A claim is of a facility, its months and a boundary, in amounts, with what stands outside the boundary said beside it
(ISO 14068-1:2023: subject, period, quantified footprint, offsets and their kind are named together). Location-based and
market-based emissions stand side by side, and the method of each is named (GHG Protocol, Scope 2 Guidance, chapter 7);
offsets are reported apart from the inventory and never deducted from it (GHG Protocol Corporate Standard, chapter 9).
Nothing is said of a product or service: such a claim from offsets is unfair in all circumstances (Directive 2005/29/EC,
Annex I, points 2a and 4c, as amended by Directive (EU) 2024/825). ``FORBIDDEN`` are the words of such claims.
"""

from __future__ import annotations

import re

TITLE = "Net emissions certificate"
"""The subject is emissions after offsets, never a quality of the facility (Directive (EU) 2024/825, point 2a)."""

CLAIM = "Retired against the emissions of this facility in {period}, within the boundary {boundary}: {amounts}."
"""Subject, period, boundary and amounts in one sentence (ISO 14068-1:2023, claims)."""

CLAIM_NOTHING = (
    "Nothing was retired against the emissions of this facility in {period}, within the boundary {boundary}."
)
"""As CLAIM, where nothing had to be retired."""

RECS = "{amount}\u00a0MWh of renewable energy certificates (RECs)"
"""In energy, and not in emissions: certificates convey attributes of energy (Scope 2 Guidance, chapter 4)."""

OFFSETS = "{amount}\u00a0t CO₂e of offsets"
"""In mass, apart from RECs: kWh and kg are never exchanged (Corporate Standard, chapter 9)."""

BOTH = "{recs} and {offsets}"
"""RECs before offsets: what acts on the inventory stands before what does not."""

NET = "Net emissions are gross market-based emissions less offsets; they are zero or below in every month."
"""The rule by which the contract issues a certificate, with its definition (NetEmissions, netOf)."""

GROSS = "RECs lower only market-based scope 2. Offsets lower neither gross figure."
"""Corporate Standard, chapter 9: offsets are reported separately; Scope 2 Guidance, chapter 6: RECs act on scope 2."""

OUTSIDE = "Outside the boundary and not in any figure: {sources}."
"""What a claim leaves out is said where the claim is (ISO 14068-1:2023, boundary; Scope 2 Guidance, chapter 7)."""

OUTSIDE_MORE = "{sources}, and {number} more that the PDF lists"
"""As OUTSIDE, where there is no room for all."""

SUBJECT = "This is a claim of one facility and these months. It says nothing about any product or service."
"""Directive 2005/29/EC, Annex I, point 4c, as amended by Directive (EU) 2024/825."""

REMAINED = (
    "Offsets stand against emissions that remained after RECs. No reduction against an earlier time is stated, and "
    "removals are not told from avoided emissions."
)
"""ISO 14068-1:2023: reductions come before offsets, remaining emissions are offset, and the kind of offset is named."""

STANDARD = "ISO 14068-1:2023 asks for more, a plan of reductions among it: this is no claim under that standard."
"""No conformity is claimed that was not assessed (Directive 2005/29/EC, Annex I, point 2a)."""

ENDS = (
    "It holds only while its accounts stay as they are: a month that is restated or reopened, or a retired certificate "
    "that is disallowed, ends it until it is claimed again."
)
"""A claim is kept up to date (ISO 14068-1:2023); the contract's isValid (NetEmissions)."""

HELD = "Valid at block {block}, {time}"
"""What the chain answered, and when: nothing is said of later."""

CLAIMED = "As of block {block}, {time}; no chain was asked since"
"""Without a chain only the past is known."""

NOT_VALID = "NOT VALID at block {block}, {time}: the figures are of a claim that ended"
"""A claim that ended is not shown as one that holds."""

ANNUAL = "annual: a REC of the same calendar year and market covers electricity of any hour"
"""Scope 2 Guidance, chapter 7, quality criteria: vintage close to use, same market."""

HOURLY = "hourly: a REC covers electricity of its own hour and grid region only"
"""EnergyTag, Granular Certificate standard: matching within the hour; IHourlyMatching."""

NO_RESIDUAL_MIX = "No residual mix is published for {regions}: the location-based rate stands in for it."
"""Scope 2 Guidance, section 6.11 and table 6.3: the absence of a residual mix is disclosed."""

RESIDUAL_MIX = "Electricity without RECs has the residual mix of {regions}."
"""Scope 2 Guidance, table 6.3: the residual mix comes before the average of the grid."""

SCAN = "See whether it still holds"
"""Where the present state is found."""

NO_PAGE = "Chain, contract and claim"
"""Without a node's page the code holds the claim's name on its chain (CAIP-22)."""

CHECK = "Anybody can check this without whoever made it: carbon-tokens verify proof.json --rpc URL"
"""The proof is attached to the PDF."""

QUALITY = {
    "A": "metered",
    "B": "modelled from logs with measured parameters",
    "C": "default coefficients",
    "D": "an estimate",
}
"""The method's grades (data/methodology/site-energy-2.toml, quality)."""

GRADES = "{worst} ({parts} of location-based emissions)"
"""The worst grade speaks for all; how much stands in which is said beside it."""

SERIALS_INSIDE = "{registries}; every serial is listed in the PDF"
"""The picture has no room for them."""

SERIALS = "Serials are those of the whole batch; what was retired here is the amount beside them."
"""A part of a batch has no serials of its own on the chain."""

RELIES = "Nobody can compute whether an auditor or issuer told the truth: this certificate relies on those named below."
"""claims.verifying.relies_on."""

UNDOCUMENTED = "{number} without their registry's document: the issuer's word alone"
"""As above."""

FORBIDDEN = re.compile(
    r"(?ix) (carbon|climate|co2e?|co₂e?|emissions?|klima|ghg) [\s_-]* (free|neutral\w*|positiv\w*|negativ\w*|frei\w*)"
    r"| net [\s_-]* zero | netto [\s_-]* null | zero [\s_-]* (carbon|emissions?) | null [\s_-]* emission\w*"
    r"| (climate|carbon|klima) [\s_-]* (compensated|offset|friendly|kompensiert\w*|freundlich\w*|schonend\w*)"
    r"| eco [\s_-]* friendly | environmentally [\s_-]* friendly | umweltfreundlich\w* | sustainable | nachhaltig\w*"
    r"| green \s (energy|power|electricity|data|cloud|hosting) | 100 \s? % \s (renewable|green)"
)
"""Words of generic claims and of product claims from offsets (Directive (EU) 2024/825, recitals 9 and 12)."""


def claims_too_much(text: str) -> bool:
    """Whether a text has words that no certificate may have, e.g. in a facility's registered name."""
    return FORBIDDEN.search(text) is not None
