// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

import {IAuditors} from "./IAuditors.sol";
import {ICarbonTokens} from "./ICarbonTokens.sol";

/// @title IHourlyMatching
/// @notice 24/7: an account's consumption matched hour by hour with granular certificates of the same grid region, UTC. A
/// granular certificate is a batch of RECs whose evidence is the hash of its document and of its generation by hour, so
/// that nobody can change an hour after it was issued; it is retired whole, and here, so that it counts in one account.
/// A registry's document can stand behind several granular certificates, of different hours: its serials count once.
/// @dev Hours are 4 bytes each, big-endian Wh, from the first hour of the month: 672 to 744 of them.
interface IHourlyMatching {
    /// @notice What identifies a granular certificate, and its generation.
    struct Granular {
        bytes12 registry; // of its source
        bytes32 document; // hash of the registry's document
        bytes generation; // Wh by hour
    }

    /// @notice An account's match.
    struct Matching {
        uint16 version; // of the account
        uint48 matched; // Wh consumed in an hour in which certificates generated as much
        uint48 unmatched; // Wh, the rest of the energy
        uint24 score; // matched of the energy in millionths, rounded down: the 24/7 CFE score of the certificates
        bytes32 data; // hash of the consumption's hash and of the certificates' ids
    }

    /// @notice A granular certificate was retired into an account.
    event GranularRetired(uint256 indexed facility, uint32 indexed month, uint256 indexed id, uint256 amount);
    /// @notice An account's consumption was matched with these certificates, confirmed by these auditors.
    event Matched(uint256 indexed facility, uint32 indexed month, Matching matching, uint256[] ids, address[] auditors);

    /// @notice A month of 28 to 31 days has 24 hours each.
    error HoursInvalid(uint256 given, uint256 expected);
    /// @notice An hour of 2^31 Wh or more, of one vector or of the sum of several.
    error HourTooLarge();
    /// @notice Only RECs of this one month have hours in it.
    error VintageNotMonth(uint256 id, uint32 month);
    /// @notice Not deliverable: generated in another grid region.
    error GridRegionMismatch(uint256 id, bytes9 source, bytes9 facility);
    /// @notice The certificate was retired here, into that account, before.
    error AlreadyRetired(uint256 id, uint256 auditedId);
    /// @notice The certificate was not retired into this account through this contract.
    error NotRetiredHere(uint256 id, uint256 auditedId);
    /// @notice The certificate, or a part of it, was disallowed in this account: none of its hours counts there.
    error CertificateDisallowed(uint256 id, uint256 auditedId);
    /// @notice Certificates stand in ascending order of their ids, each once.
    error CertificatesUnordered(uint256 previous, uint256 id);
    /// @notice The hours do not add up to the audited energy.
    error ConsumptionNotEnergy(uint256 consumed, uint256 energy);
    /// @notice More was generated than stands retired in the account.
    error GenerationNotRetired(uint256 generated, uint256 retired);
    /// @notice The account moved on.
    error VersionNotCurrent(uint16 current, uint16 given);
    /// @notice By signature a match is only replaced by a higher one of the same version.
    error MatchNotHigher(uint256 recorded, uint256 matched);
    /// @notice Only an auditor of the facility.
    error NotAuditor(address caller);
    /// @notice Only tokens that this contract itself fetches to retire.
    error NotFetched(address operator);

    /// @notice Fetches a whole granular certificate from the caller, who has approved this contract, and retires it into an
    /// account. @return id its token
    function retire(Granular calldata certificate, ICarbonTokens.Retirement calldata retirement)
        external
        returns (uint256 id);

    /// @notice Records the match of an account with the certificates retired into it here, in place of an older one. Only an
    /// auditor of the facility, who confirms the consumption by hour. Also when superseded: what was retired here counts here.
    function record(
        uint256 facility,
        uint32 month,
        uint16 version,
        bytes calldata consumption,
        Granular[] calldata certificates
    ) external;

    /// @notice As `record`, with signatures of `Match(address matching,uint256 facility,uint32 month,uint16 version,bytes32
    /// consumption,uint256 deadline)` in the domain of Auditors; matching is this contract, consumption is the keccak-256 of its bytes.
    function recordBySig(
        uint256 facility,
        uint32 month,
        uint16 version,
        bytes calldata consumption,
        Granular[] calldata certificates,
        uint256 deadline,
        IAuditors.Signature[] calldata signatures
    ) external;

    /// @notice The ledger whose accounts are matched.
    function ledger() external view returns (ICarbonTokens);

    /// @notice The match of an account; `version` tells whether it is of the account as it stands.
    function matchingOf(uint256 auditedId) external view returns (Matching memory);

    /// @notice The account that a granular certificate was retired into here; zero if none.
    function accountOf(uint256 id) external view returns (uint256 auditedId);

    /// @notice Token of a granular certificate.
    function idOf(Granular calldata certificate) external pure returns (uint256);

    /// @notice Evidence that a granular certificate is issued with.
    function evidenceOf(bytes32 document, bytes calldata generation) external pure returns (bytes32);
}
