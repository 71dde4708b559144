"""Emission factors: published rates with their release and revision, exact, and where a ZIP code lies.

``egrid`` US EPA's eGRID (shipped releases, EPA's workbooks) · ``zips`` ZIP → subregion · ``residual`` the user's
residual-mix rates · ``hourly`` intensities of a grid by the hour, from publishers' downloads · ``area_files`` eGRID's
levels down to plants · ``annual`` countries and suppliers · ``cloud`` providers' regions · ``utilities`` EIA-861.
"""

from __future__ import annotations

from carbon_tokens.factors import egrid, hourly, residual, zips
from carbon_tokens.factors.rate import Rate, Release
from carbon_tokens.factors.residual import Residual

__all__ = ["Rate", "Release", "Residual", "egrid", "hourly", "residual", "zips"]
