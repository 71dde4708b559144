"""``deploy``, ``grant``, ``facility add``, ``source add`` and ``freeze``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from carbon_tokens.cli.options import Zone
from carbon_tokens.cli.run import Run, verb

facility = typer.Typer(help="Facilities.", no_args_is_help=True)
source = typer.Typer(help="Devices and projects whose certificates are issued.", no_args_is_help=True)

# The part of every development account on local chains.
DEV_ROLES = {
    "auditor": ("CarbonTokens", "AUDITOR_ROLE"),
    "auditor-2": ("CarbonTokens", "AUDITOR_ROLE"),
    "rec-issuer": ("CarbonTokens", "REC_ISSUER_ROLE"),
    "offset-issuer": ("CarbonTokens", "OFFSET_ISSUER_ROLE"),
    "registrar": ("CarbonTokens", "REGISTRAR_ROLE"),
    "publisher": ("EmissionFactors", "PUBLISHER_ROLE"),
}
AUDITOR_ROLE = "AUDITOR_ROLE"  # the only one that is held for a market zone
ROLES = dict.fromkeys(role for _, role in DEV_ROLES.values())


def register(app: typer.Typer) -> None:
    verb(app, "deploy", writer="admin")(deploy)
    verb(app, "grant", writer="admin")(grant)
    app.add_typer(facility, name="facility")
    app.add_typer(source, name="source")
    verb(app, "freeze", writer="registrar")(freeze)


Admin = Annotated[str | None, typer.Option("--admin", help="First admin; the account that deploys without it.")]
Delay = Annotated[int, typer.Option("--delay", help="Seconds before a new admin can accept.", min=0)]
DevRoles = Annotated[bool, typer.Option("--dev-roles", help="Give every development account its role (local chains).")]


def deploy(run: Run, admin: Admin = None, delay: Delay = 0, dev_roles: DevRoles = False, zone: Zone = "US") -> None:
    """Deploys the six contracts in their order; what stands there already is kept."""
    from carbon_tokens.ledger import Ledger

    with run.progress.status("deploying"):
        ledger = Ledger.deploy(
            run.chain, run.signer(), admin=admin, delay=delay, deployments=run.deployments, home=run.home
        )
        granted = _grant_dev_roles(run, ledger, zone) if dev_roles else {}
        ledger.close_files()
    contracts = {name: ledger.address(name) for name in ledger.deployments}
    file = run.deployments / f"{run.chain.id}.json"
    content = {"chain_id": run.chain.id, "contracts": contracts, "deployments": str(file), "granted": granted}
    lines = [f"chain {run.chain.id}, written to {file}", *(f"  {name:16} {at}" for name, at in contracts.items())]
    lines += [f"  {role:18} {who}" for who, role in granted.items()]
    run.answer(content, lambda out: out.print("\n".join(lines), soft_wrap=True))


def _grant_dev_roles(run: Run, ledger: Any, zone: str) -> dict[str, str]:
    from carbon_tokens.ledger import account

    for name, (contract, role) in DEV_ROLES.items():
        market = zone if role == AUDITOR_ROLE else ""
        ledger.grant_role(contract, role, account(f"dev:{name}", run.chain).address, market)
    return {f"dev:{name}": role for name, (_, role) in DEV_ROLES.items()}


Role = Annotated[str, typer.Argument(help=f"{', '.join(ROLES)}.")]
Address = Annotated[str, typer.Argument(help="The account that gets it.")]
AuditorZone = Annotated[str, typer.Option("--zone", help=f"Market zone of an {AUDITOR_ROLE}, e.g. US.")]


def grant(run: Run, role: Role, address: Address, zone: AuditorZone = "") -> None:
    """Grants a role; that of an auditor for one market zone. Only the admin."""
    contracts = {name: contract for contract, name in DEV_ROLES.values()}
    if role not in contracts:
        raise typer.BadParameter(f"{role!r} is none of {', '.join(contracts)}")
    if (role == AUDITOR_ROLE) != bool(zone):
        raise typer.BadParameter(f"give --zone with {AUDITOR_ROLE}, and with no other role")
    receipt = run.ledger.grant_role(contracts[role], role, run.address(address), zone)
    run.written(receipt, role=role, address=address, **({"market_zone": zone} if zone else {}))


Name = Annotated[str, typer.Option("--name", help="The facility's name, part of its description.")]
GridRegion = Annotated[str | None, typer.Option("--region", help="Grid region, e.g. CAMX; or give --zip.")]
Zip = Annotated[str | None, typer.Option("--zip", help="US ZIP code, from which the eGRID subregion follows.")]
Utility = Annotated[int | None, typer.Option("--eia-utility", help="EIA number, for a ZIP in several subregions.")]
Metadata = Annotated[
    Path | None, typer.Option("--description", help="File that describes the facility, instead of --name.", exists=True)
]


@verb(facility, "add", writer="operator", documents=True)
def add_facility(
    run: Run,
    zone: Zone = "US",
    name: Name = "",
    region: GridRegion = None,
    zip_code: Zip = None,
    eia_utility: Utility = None,
    description: Metadata = None,
) -> None:
    """Registers a facility of the account; its id follows from the owner and the description."""
    import rfc8785

    from carbon_tokens.factors import zips

    if (region is None) == (zip_code is None) or bool(name) == bool(description):
        raise typer.BadParameter("give --region or --zip, and --name or --description")
    _check_region(zone, region or "", " or give --zip")
    grid = region or zips.subregion(zip_code or "", eia_utility)
    stated = {"name": name, "grid_region": grid, "market_zone": zone, "postal_code": zip_code or ""}
    metadata = run.documents.put(description.read_bytes() if description else rfc8785.dumps(stated))
    receipt = run.ledger.add_facility(grid, zone, metadata)
    run.written(receipt, facility=f"0x{receipt.id or 0:054x}", grid_region=grid, metadata="0x" + metadata.hex())


def _check_region(zone: str, region: str, otherwise: str = "") -> None:
    """Raises typer.BadParameter for a region of the US that is no eGRID subregion: no factor is ever found for it."""
    from carbon_tokens.factors import egrid

    known = egrid.subregions() if zone == "US" and region else {region}
    if region in known:
        return
    meant = region.strip().upper()
    todo = f"write {meant}" if meant in known else f"use {', '.join(sorted(known))}"
    raise typer.BadParameter(f"--region {region!r} is no eGRID subregion: {todo}{otherwise}")


Class = Annotated[str, typer.Option("--class", help="rec or offset.")]
Registry = Annotated[str, typer.Option("--registry", help="The registry's code, e.g. NAR.")]
Device = Annotated[str, typer.Option("--device", help="The registry's own id of the device or project.")]
SourceRegion = Annotated[str, typer.Option("--region", help="Grid region that a device feeds into.")]
Technology = Annotated[str, typer.Option("--technology", help="e.g. wind.")]


@verb(source, "add", writer="issuer")
def add_source(
    run: Run, token_class: Class, registry: Registry, device: Device, zone: Zone = "US", region: SourceRegion = "",
    technology: Technology = "",
) -> None:  # fmt: skip
    """Registers a device (RECs) or a project (offsets) of the account, which then may issue for it."""
    from carbon_tokens.ledger.documents import CLASSES
    from carbon_tokens.ledger.ids import note

    if token_class not in CLASSES:
        raise typer.BadParameter(f"--class {token_class!r} is none of {', '.join(CLASSES)}")
    _check_region(zone, region)
    run.play(f"{token_class}-issuer")
    receipt = run.ledger.add_source(
        CLASSES[token_class], registry, note(device), zone, grid_region=region, technology=technology
    )
    run.written(receipt, source=receipt.id)


Number = Annotated[int, typer.Argument(help="The source's number.")]
Lift = Annotated[bool, typer.Option("--lift", help="Lift the freeze.")]


def freeze(run: Run, number: Number, lift: Lift = False) -> None:
    """Freezes a source: its tokens can be neither issued, moved nor retired. Only a registrar."""
    run.written(run.ledger.freeze(number, not lift), source=number, frozen=not lift)
