"""Gas of every operation, exact, from receipts on a fresh Anvil.

``python benchmarks/gas.py`` prints, by Shanghai and by Prague rules, ours, the goal, the least by the schedule for
the same calldata, storage and events (LB, from the trace) and the ratio; ``--write`` writes gas.json (Shanghai),
``--check`` exits 1 when gas.json differs, ``--json`` prints one object. A view is the gas of its call without the
transaction's base and calldata. Prague's floor for calldata (EIP-7623) is part of its lower bound.
"""

from __future__ import annotations

import argparse
import json
import sys

from gas_meter import ROOT, Meter, anvil
from gas_scenario import Scenario

GAS = ROOT / "gas.json"
HARD_FORKS = ("shanghai", "prague")
GOALS = {
    "audit_first": 115_000,
    "issue_first": 65_000,
    "issue_100_per_item": 30_000,
    "transfer_new_holder": 60_000,
    "retire_first": 65_000,
    "retire_next": 48_000,
    "retire_100_per_item": 11_000,
    "net_view": 8_000,
    "claim_one_month": 105_000,
    "allocation_commit": 65_000,
    "share_verify_1e6": 10_000,
    "hourly_match_744h": 250_000,
    "deploy_carbon_tokens": 4_450_000,
}

RATIO = 1.15  # gas / LB of an operation without an explanation here
HASHES = "hashing, which the bound leaves out: "
EXCEPTIONS = {
    "net_view": "two cold slots and one cold account are all of the bound; the rest is two dispatches and the rule",
    "net_view_with_10000_ids": "as net_view: no token adds anything",
    "retire_100_per_item": "5,000 for the slot are most of the bound; the rest is the rule of each token and its loop",
    "share_verify_1e6": HASHES + "20 nodes, leaf and root; the bound is one cold slot",
    "hourly_match_744h": HASHES
    + "two vectors are copied and hashed; 744 minima and sums; two contracts ask for a role",
    "hourly_match_744h_3_certificates": "as hourly_match_744h, with four vectors",
    "audit_by_panel_2_of_3": "two ecrecover of 3,000, the message's hash, roles and members of the panel",
    "audit_10_under_one_message_per_item": "as above; ten statements forwarded to the ledger in its own calldata",
}


def measured(hard_fork: str) -> Meter:
    """Every operation under the rules of a hard fork."""
    with anvil(hard_fork) as web3:
        return Scenario(web3, floor=hard_fork != "shanghai").run()


def table(meter: Meter) -> str:
    """Ours, goal, lower bound and ratio by key."""
    rows = [f"{'operation':32}{'gas':>10}{'goal':>11}{'LB':>10}{'gas/LB':>8}"]
    for key, gas in meter.gas.items():
        goal = f"{GOALS[key]:,}" if key in GOALS else ""
        flag = "  above the goal" if gas > GOALS.get(key, gas) else ""
        flag += "  explained below" if gas > RATIO * meter.bound[key] else ""
        rows.append(f"{key:32}{gas:>10,}{goal:>11}{meter.bound[key]:>10,}{gas / meter.bound[key]:>8.3f}{flag}")
    return "\n".join(rows)


def unexplained(meter: Meter) -> list[str]:
    """Keys above the ratio without an explanation, and goals that are missed."""
    high = [k for k, gas in meter.gas.items() if gas > RATIO * meter.bound[k] and k not in EXCEPTIONS]
    missed = [k for k, goal in GOALS.items() if meter.gas[k] > goal]
    return [f"{k}: more than {RATIO} of its bound" for k in high] + [f"{k}: above its goal" for k in missed]


def differences(measured: dict[str, int]) -> list[str]:
    """Keys whose measured gas is not what gas.json says."""
    stored = json.loads(GAS.read_text()) if GAS.exists() else {}
    keys = sorted(measured.keys() | stored.keys())
    return [
        f"{k}: gas.json {stored.get(k)}, measured {measured.get(k)}" for k in keys if stored.get(k) != measured.get(k)
    ]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--write", action="store_true", help="write gas.json")
    parser.add_argument("--check", action="store_true", help="exit 1 when gas.json is not current")
    parser.add_argument("--json", action="store_true", help="print one object")
    options = parser.parse_args()
    meters = {fork: measured(fork) for fork in HARD_FORKS}
    if options.json:
        print(json.dumps({fork: {"gas": m.gas, "lower_bound": m.bound} for fork, m in meters.items()}))
    else:
        print("\n\n".join(f"{fork} rules\n{table(meter)}" for fork, meter in meters.items()))
        print("\nmore than 1.15 of the bound:", *(f"  {key}: {why}" for key, why in EXCEPTIONS.items()), sep="\n")
    gas = meters["shanghai"].gas
    if options.write:
        GAS.write_text(json.dumps(gas, indent=2, sort_keys=True) + "\n")
    if options.check and (wrong := [f"{fork}: {row}" for fork, m in meters.items() for row in unexplained(m)]):
        sys.exit("\n".join(wrong))
    if options.check and (changed := differences(gas)):
        sys.exit("gas.json is not current, run `make gas` and explain the change:\n" + "\n".join(changed))


if __name__ == "__main__":
    main()
