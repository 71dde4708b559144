// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

/// @title INetEmissions
/// @notice The rule that turns an account into net emissions, and the soulbound certificate that a facility holds while
/// they are not above zero.
interface INetEmissions {
    /// @notice Which RECs cover the energy of a claim.
    enum Basis {
        Annual, // every REC retired into the account: its market, its calendar year
        Hourly // only what HourlyMatching found matched: granular certificates of the same hour and grid region
    }

    /// @notice What a certificate states.
    struct Claim {
        uint64 versions; // sum of the account versions of its months: versions only grow, so it changes with any of them
        uint32 number; // how often it was claimed: 1, 2 after a renewal …
        uint64 time; // when it was claimed last, UTC seconds
    }

    /// @notice A facility's months from..thru were net zero or below at this number of the claim.
    event Claimed(uint256 indexed claimId, uint256 indexed facility, uint32 number, uint64 versions);

    /// @notice The matches are those of another ledger's accounts.
    error MatchesOfAnotherLedger(address ledger);
    /// @notice The last month is before the first, or later than month 65,535.
    error MonthsReversed(uint32 from, uint32 thru);
    /// @notice The month was not declared complete (an empty or open month is not neutral), or has no version left.
    error MonthOpen(uint256 facility, uint32 month);
    /// @notice Net emissions of the month are above zero by `net` g.
    error NetAboveZero(uint256 facility, uint32 month, uint256 net);
    /// @notice The hours of the account as it stands were not matched: see IHourlyMatching.
    error HoursNotMatched(uint256 facility, uint32 month);
    /// @notice Certificates cannot be transferred or approved.
    error CertificateLocked(uint256 claimId);

    /// @notice The three totals of a facility-month, always side by side, g CO2e. The cost does not depend on how many
    /// tokens exist.
    /// A month that nobody audited has none of them: whether it may be claimed, `claim` and `isValid` say.
    /// @return grossLocation scope 1 + scope 2 location-based + scope 3, with claimed shares of other accounts
    /// @return grossMarket scope 1 + scope 2 market-based (residual mix of the energy without RECs, rounded up) + scope 3
    /// @return net grossMarket - offsets
    function netOf(uint256 facility, uint32 month)
        external
        view
        returns (uint256 grossLocation, uint256 grossMarket, int256 net);

    /// @notice As `netOf`, where RECs cover only what was matched hour by hour. Reverts without a match of the account as it
    /// stands.
    function hourlyNetOf(uint256 facility, uint32 month)
        external
        view
        returns (uint256 grossLocation, uint256 grossMarket, int256 net);

    /// @notice Issues the certificate of months from..thru to the facility's owner, or renews it. Anyone may call.
    function claim(uint256 facility, uint32 from, uint32 thru, Basis basis) external returns (uint256 claimId);

    /// @notice Whether the certificate holds now: every month closed, net not above zero, and nothing restated since.
    function isValid(uint256 claimId) external view returns (bool);

    /// @notice What a certificate states.
    function claimOf(uint256 claimId)
        external
        view
        returns (uint256 facility, uint32 from, uint32 thru, Basis basis, Claim memory claim_);

    /// @notice Id of the certificate of a facility's months on a basis: basis (8 bits), facility (216), first and last month
    /// (16 each).
    function claimIdOf(uint256 facility, uint32 from, uint32 thru, Basis basis) external pure returns (uint256);
}
