// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

/// @title ICarbonTokens
/// @notice The ledger: audited emissions of facilities by month, and the RECs and offsets retired against them.
/// Energy is in Wh, mass in g CO2e, months count from 1970-01, instants are UTC seconds, periods are half-open.
interface ICarbonTokens {
    /// @notice The account of a facility-month: its audited inventory, and what was retired against it.
    struct Account {
        uint256 energy; // Wh
        uint256 scope1; // g
        uint256 scope2Location; // g, location-based
        uint256 scope2Residual; // g, all energy at the residual mix: what RECs reduce
        uint256 scope3; // g
        uint256 version; // raised by every audit, restatement and disallowance, and by nothing else
        bool closed; // an auditor declared the month complete
        uint256 recs; // Wh of RECs retired here and not disallowed
        uint256 offsets; // g of offsets retired here and not disallowed
        uint256 allocatedLocation; // g, location-based: shares of other accounts that were claimed here, scope 3
        uint256 allocatedMarket; // g, market-based: the same shares
        uint256 shares; // how often they changed: with the version, the state that a split is made of
    }

    /// @notice What an auditor confirms. In an audit: one reading of one meter, or direct and upstream emissions without a
    /// meter and energy. In a restatement: the new totals of the month, and the gap of a meter that they fill, if any.
    struct Statement {
        uint256 facility; // id of the facility
        uint32 month; // reporting month
        uint16 version; // version of the account after it = version before + 1
        uint256 energy; // Wh; needs a meter
        uint256 scope1; // g
        uint256 scope2Location; // g; recomputed when a release is named
        uint256 scope2Residual; // g; recomputed when a release is named
        uint256 scope3; // g
        uint256 start; // first instant of the reading, within the month
        uint256 end; // first instant after the reading, within the month
        bytes32 meter; // hash of (utility, meter); zero only without energy
        bytes32 release; // release of EmissionFactors; zero: scope 2 declared by another published method
        bytes32 evidence; // hash of the document that is confirmed
    }

    /// @notice One batch of RECs or offsets to issue.
    struct Batch {
        bytes32 evidence; // hash of the registry's document
        uint256 amount; // Wh or g; at most 1,000,000 for each serial
        uint256 serialFrom; // first serial
        uint256 serialThru; // last serial, inclusive
        uint256 vintageStart; // first instant of the vintage
        uint256 vintageEnd; // first instant after the vintage
    }

    /// @notice Where and why certificates are retired.
    struct Retirement {
        uint256 facility; // account credited: facility and month
        uint32 month;
        uint16 version; // version of the account that the holder has seen
        bytes32 beneficiary; // on whose behalf: short text or a hash of it
        bytes32 purpose; // short text or a hash of it
    }

    // ---------------------------------------------------------------------------------------------------------- events
    event FacilityRegistered(
        uint256 indexed facility, address indexed owner, bytes9 gridRegion, bytes2 marketZone, bytes32 metadata
    );
    event SourceRegistered(
        uint24 indexed source,
        address indexed issuer,
        uint8 indexed class,
        bytes12 registry,
        bytes32 device,
        bytes2 marketZone,
        bytes9 gridRegion,
        bytes10 technology
    );
    event SourceFrozen(uint24 indexed source, bool frozen);
    event PanelRequired(uint256 indexed facility, bool required);
    event Issued(
        uint256 indexed id,
        uint24 indexed source,
        bytes32 evidence,
        uint256 serialFrom,
        uint256 serialThru,
        uint256 vintageStart,
        uint256 vintageEnd
    );
    event Audited(uint256 indexed facility, address indexed auditor, Statement statement);
    event Closed(uint256 indexed facility, uint32 indexed month, address indexed auditor, uint32 version);
    event Restated(uint256 indexed facility, address indexed auditor, Statement statement);
    event Disallowed(
        uint256 indexed facility,
        uint32 indexed month,
        address indexed auditor,
        uint16 version,
        uint256 id,
        uint256 amount,
        bytes32 evidence
    );
    /// @notice Claimed shares of other accounts were added to scope 3 of this one, or changed: g now, in all.
    event Allocated(uint256 indexed facility, uint32 indexed month, uint256 location, uint256 market);
    /// @notice The tokens are those of the TransferSingle or TransferBatch to the zero address in the same transaction.
    event Retired(
        uint256 indexed facility,
        uint32 indexed month,
        address indexed holder,
        uint256 recs,
        uint256 offsets,
        bytes32 beneficiary,
        bytes32 purpose
    );

    // ---------------------------------------------------------------------------------------------------------- errors
    error FacilityUnknown(uint256 facility);
    error FacilityExists(uint256 facility);
    error SourceUnknown(uint256 source);
    /// @notice This registry's device or project is registered already.
    error SourceExists(uint24 source);
    error SourceIsFrozen(uint24 source);
    /// @notice Only RECs and offsets are issued from sources.
    error ClassNotIssuable(uint8 class);
    /// @notice A code that the rules compare (grid region, market zone, registry) is empty.
    error CodeMissing();
    /// @notice Only the source's issuer issues for it.
    error NotIssuer(address caller, address issuer);
    error ZeroAmount();
    /// @notice An amount, or a month's total, of 2^48 Wh or g (281 TWh, 281 Mt) or more.
    error AmountTooLarge();
    error EvidenceMissing();
    /// @notice This document was used before: it counts once.
    error EvidenceUsed(bytes32 evidence);
    /// @notice The token exists: this registry's document was issued before.
    error BatchExists(uint256 id);
    error BatchUnknown(uint256 id);
    /// @notice A serial below the next unused one, or a range that ends before it starts.
    error SerialRangeInvalid(uint256 from, uint256 thru, uint256 nextSerial);
    /// @notice More than 1 MWh or 1 t for each serial.
    error AmountExceedsSerials(uint256 amount, uint256 serials);
    /// @notice A period that is empty, ends before it starts or in the future, or is longer than the record can hold.
    error PeriodInvalid(uint256 start, uint256 end);
    /// @notice The reading is not within the month.
    error PeriodOutsideMonth(uint256 start, uint256 end, uint256 month);
    /// @notice Energy without a meter.
    error MeterMissing();
    /// @notice The meter is audited until `thru`; a later bill starts there or after it.
    error MeterPeriodUsed(bytes32 meter, uint256 start, uint256 audited);
    /// @notice The meter was audited for another facility last: a restatement here cannot cite its periods.
    error MeterOfAnother(bytes32 meter, uint256 facility);
    /// @notice The account moved on: read it again.
    error VersionMismatch(uint32 current, uint32 given);
    /// @notice Nobody audits what they own.
    error SelfAudit(address auditor);
    /// @notice Scope 2 is not energy x published factor, rounded up.
    error Scope2Mismatch(uint256 location, uint256 residual);
    /// @notice Scope 2 emissions without energy.
    error Scope2WithoutEnergy();
    error MonthIsClosed(uint256 facility, uint32 month);
    /// @notice A month can be complete only when it is over.
    error MonthNotOver(uint32 month);
    /// @notice Nothing was audited for the month yet: an empty month is not neutral, nor one with claimed shares only.
    error MonthNotAudited(uint256 facility, uint32 month);
    /// @notice The release is of another market than the facility, and so than its auditors.
    error DatasetOfOtherMarket(bytes2 release, bytes2 facility);
    /// @notice Audits of this facility need the signatures of a panel: see IAuditors.
    error PanelMissing(uint256 facility);
    /// @notice Only the contract named at construction.
    error NotContract(address caller, address expected);
    /// @notice Audited and allocated emissions stay with the facility.
    error Soulbound(uint256 id);
    /// @notice A REC of another market than the facility's.
    error MarketZoneMismatch(uint256 id, bytes2 source, bytes2 facility);
    /// @notice A REC outside the calendar year of the month, or an offset whose vintage begins after the month.
    error VintageMismatch(uint256 id, uint256 month);
    /// @notice More is disallowed than stands in the account.
    error DisallowedExceedsRetired(uint256 retired, uint256 amount);

    // ------------------------------------------------------------------------------------------- facilities and sources
    /// @notice Registers a facility of the caller. Its id is the hash of owner and metadata.
    /// @dev Anyone may; an auditor confirms its region and market zone with the first audit.
    function registerFacility(bytes9 gridRegion, bytes2 marketZone, bytes32 metadata)
        external
        returns (uint256 facility);

    /// @notice Registers a device or project. Only an issuer of the class.
    /// @param device hash of the registry's own id of the device or project
    function registerSource(
        uint8 class,
        bytes12 registry,
        bytes32 device,
        bytes2 marketZone,
        bytes9 gridRegion,
        bytes10 technology
    ) external returns (uint24 source);

    /// @notice Freezes a source or lifts it. Only a registrar. Retirements made before stay; see `disallow`.
    function setFrozen(uint24 source, bool frozen) external;

    // ------------------------------------------------------------------------------------------------------------ issue
    /// @notice Issues a batch. Only the source's issuer, while it holds the role of the source's class.
    function issue(uint24 source, address to, Batch calldata batch) external returns (uint256 id);

    /// @notice Issues batches of one source, in ascending order of serials.
    function issueBatch(uint24 source, address to, Batch[] calldata batches) external;

    // ------------------------------------------------------------------------------------------------------------ audit
    /// @notice Adds audited emissions to a month that is still open. Only an auditor of the facility's market, who is not its
    /// owner; with a panel, and for signatures that anyone submits: see IAuditors.
    function audit(Statement calldata statement) external;

    /// @notice Declares a month complete as it stands. Only an auditor.
    /// @param version version of the account's totals: its version | shares << 16
    function close(uint256 facility, uint32 month, uint32 version) external;

    /// @notice Replaces the totals of a month; open claims on it turn invalid. Only an auditor.
    function restate(Statement calldata statement) external;

    /// @notice Takes retired RECs or offsets that proved void out of an account. Only an auditor.
    /// @param version version before + 1 @param id the void token @param amount Wh or g
    function disallow(uint256 facility, uint32 month, uint16 version, uint256 id, uint256 amount, bytes32 evidence)
        external;

    /// @notice Lets audits of a facility need a panel, or no longer. Only the Auditors contract.
    function requirePanel(uint256 facility, bool required) external;

    // --------------------------------------------------------------------------------------------------------- allocate
    /// @notice Replaces a claimed share in an account's scope 3, location-based and market-based. Only the Allocations
    /// contract. The month is open again, for it was complete without the share; the version stays, for it counts what auditors
    /// do. @dev (location, market) were added for the share before, (newLocation, newMarket) stand for it from now on.
    function allocate(
        uint256 facility,
        uint32 month,
        uint256 location,
        uint256 market,
        uint256 newLocation,
        uint256 newMarket
    ) external;

    // ----------------------------------------------------------------------------------------------------------- retire
    /// @notice Retires the caller's own RECs or offsets into an account, for ever. What exceeds the need covers nothing.
    function retire(uint256 id, uint256 amount, Retirement calldata retirement) external;

    /// @notice As `retire`, for several tokens at once.
    function retireBatch(uint256[] calldata ids, uint256[] calldata amounts, Retirement calldata retirement) external;

    // ------------------------------------------------------------------------------------------------------------ views
    /// @notice A site whose emissions are audited.
    /// @return owner its operator, who holds the audited emissions and the certificates
    /// @return marketZone market whose RECs may cover its energy, ISO 3166-1 alpha-2 ("US") or "EU"
    /// @return gridRegion grid region whose emission factor applies, e.g. "CAMX"
    /// @return panelled whether its audits need a panel
    function facilityOf(uint256 facility)
        external
        view
        returns (address owner, bytes2 marketZone, bytes9 gridRegion, bool panelled);

    /// @notice A device (RECs) or a project (offsets).
    /// @return issuer the only account that may issue for it
    /// @return class REC or OFFSET, see TokenId
    /// @return registry e.g. "NAR"
    /// @return marketZone as of a facility
    /// @return gridRegion where a device feeds in; empty for a project
    /// @return nextSerial lowest serial that is still unused: ranges of one source can never overlap
    /// @return frozen set by the registrar: nothing of it can be issued, moved or retired
    function sourceOf(uint24 source)
        external
        view
        returns (
            address issuer,
            uint8 class,
            bytes12 registry,
            bytes2 marketZone,
            bytes9 gridRegion,
            uint256 nextSerial,
            bool frozen
        );

    /// @notice The contract whose auditors' signatures count, see IAuditors.
    function auditors() external view returns (address);
    /// @notice The contract whose claimed shares count, see IAllocations.
    function allocations() external view returns (address);
    /// @notice Number of the source of a registry's device or project; zero if there is none.
    function sourceIdOf(bytes12 registry, bytes32 device) external view returns (uint24);
    function accountOf(uint256 facility, uint32 month) external view returns (Account memory);
    /// @notice What the rules need of an issued batch.
    /// @return holder first holder
    /// @return amount what the first holder still holds, Wh or g
    /// @return source device or project
    /// @return vintageStart month of the vintage's first instant
    /// @return vintageMonths months from there to the month of its last instant
    function batchOf(uint256 id)
        external
        view
        returns (address holder, uint256 amount, uint24 source, uint256 vintageStart, uint256 vintageMonths);
    /// @notice The account as it is stored: see InventorySlot and CoverSlot in libraries/Slots.sol. For contracts.
    function slotsOfAccount(uint256 auditedId) external view returns (uint256 inventory, uint256 cover);
    /// @notice Until when a meter's energy is audited, UTC seconds; zero: never.
    function meterAuditedUntil(bytes32 meter) external view returns (uint256);
    /// @notice What of a token was disallowed in an account, Wh or g.
    function disallowedOf(uint256 auditedId, uint256 id) external view returns (uint256);
    /// @notice Id of the audited emissions that a document was used for; zero: it is unused.
    function accountOfEvidence(bytes32 evidence) external view returns (uint256);
}
