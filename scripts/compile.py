"""Compile contracts/ into carbon_tokens/artifacts/<Contract>.json, one file for each deployable contract.

``python scripts/compile.py`` writes, ``python scripts/compile.py --check`` exits 1 and lists what is stale. The
compiler is npm's solc behind tools/solc; the settings are those of brownie-config.yaml and foundry.toml. The bytecode
carries no metadata hash, so that it depends on nothing but the sources.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import solcx

ROOT = Path(__file__).resolve().parent.parent
ARTIFACTS = ROOT / "carbon_tokens" / "artifacts"
LAUNCHER = ROOT / "tools" / "solc" / "solc-v0.8.30"
EVM_VERSION = "shanghai"
OPTIMIZER_RUNS = 200
REMAPPINGS = ["@openzeppelin=node_modules/@openzeppelin"]
SIZE_LIMIT = 24_576  # bytes of deployed code, EIP-170
OUTPUTS = ["abi", "evm.bytecode.object", "evm.deployedBytecode.object"]


def sources() -> dict[str, dict[str, str]]:
    """Every Solidity file of contracts/ but the tests, by its path from the root, as standard JSON wants it."""
    files = sorted((ROOT / "contracts").rglob("*.sol"))
    names = (file.relative_to(ROOT) for file in files)
    return {name.as_posix(): {"content": (ROOT / name).read_text("utf-8")} for name in names if name.parts[1] != "test"}


def settings() -> dict[str, Any]:
    """The ``settings`` of the standard JSON input."""
    return {
        "evmVersion": EVM_VERSION,
        "optimizer": {"enabled": True, "runs": OPTIMIZER_RUNS},
        "metadata": {"bytecodeHash": "none", "appendCBOR": False},
        "remappings": REMAPPINGS,
        "outputSelection": {"*": {"": ["ast"], "*": OUTPUTS}},
    }


def compiled() -> dict[str, str]:
    """The text of every artifact, by contract name.

    Raises:
        SystemExit: a compiler warning in our own sources, a contract over the size limit or no contract at all.
        solcx.exceptions.SolcError: the sources do not compile.
    """
    given = sources()
    output = solcx.compile_standard(
        {"language": "Solidity", "sources": given, "settings": settings()}, solc_binary=LAUNCHER, base_path=ROOT
    )
    refuse_warnings(output.get("errors", []))
    artifacts = {}
    for file in given:
        for name in deployable(output["sources"][file]["ast"]):
            if name in artifacts:
                raise SystemExit(f"{file}: a second contract named {name}; rename one of the two")
            artifacts[name] = artifact(name, output["contracts"][file][name])
    if not artifacts:
        raise SystemExit("contracts/: no deployable contract")
    return artifacts


def refuse_warnings(messages: list[dict[str, Any]]) -> None:
    """Fail on a warning in our own sources; those of OpenZeppelin are not ours to cure."""
    ours = [
        m["formattedMessage"] for m in messages if m.get("sourceLocation", {}).get("file", "").startswith("contracts/")
    ]
    if ours:
        raise SystemExit("\n".join(ours))


def deployable(ast: dict[str, Any]) -> Iterator[str]:
    """The names of the contracts of a file that are neither abstract nor interfaces nor libraries."""
    for node in ast["nodes"]:
        if node["nodeType"] == "ContractDefinition" and node["contractKind"] == "contract" and not node["abstract"]:
            yield node["name"]


def artifact(name: str, contract: dict[str, Any]) -> str:
    """The artifact as canonical text: sorted keys, indented, one newline at the end."""
    created, deployed = (contract["evm"][part]["object"] for part in ("bytecode", "deployedBytecode"))
    if "_" in created:
        raise SystemExit(f"{name}: links an external library; make its functions internal")
    if len(deployed) // 2 > SIZE_LIMIT:
        raise SystemExit(f"{name}: {len(deployed) // 2} bytes of code, over the {SIZE_LIMIT} of EIP-170; split it")
    fields = {
        "contractName": name,
        "abi": contract["abi"],
        "bytecode": "0x" + created,
        "deployedBytecode": "0x" + deployed,
    }
    return json.dumps(fields, indent=1, sort_keys=True) + "\n"


def stale(artifacts: dict[str, str]) -> list[str]:
    """The names whose committed file is missing, different, or left over from a contract that is gone."""
    committed = {file.stem: file.read_text("utf-8") for file in ARTIFACTS.glob("*.json")}
    return sorted(name for name in artifacts.keys() | committed.keys() if artifacts.get(name) != committed.get(name))


def write(artifacts: dict[str, str]) -> None:
    """Make carbon_tokens/artifacts/ hold exactly these artifacts."""
    for file in ARTIFACTS.glob("*.json"):
        if file.stem not in artifacts:
            file.unlink()
    for name, text in artifacts.items():
        (ARTIFACTS / f"{name}.json").write_text(text, "utf-8")
        print(f"{name}: {(len(json.loads(text)['deployedBytecode']) - 2) // 2} of {SIZE_LIMIT} bytes of code")


def main(*arguments: str) -> None:
    """Entry point of ``python scripts/compile.py [--check]`` and of ``brownie run compile``."""
    parser = argparse.ArgumentParser(prog="compile.py", description="Compile contracts/ into carbon_tokens/artifacts/.")
    parser.add_argument("--check", action="store_true", help="exit 1 if a committed artifact is stale; write nothing")
    check = parser.parse_args(arguments).check
    artifacts = compiled()
    old = stale(artifacts)
    if not check:
        write(artifacts)
    elif old:
        raise SystemExit(f"stale artifacts: {', '.join(old)}; run `make artifacts` and commit the result")
    print(f"{len(artifacts)} artifacts {'are up to date' if check else 'written'}, {len(old)} changed")


if __name__ == "__main__":
    main(*sys.argv[1:])
