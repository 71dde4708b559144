// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

/// @title IEmissionFactors
/// @notice Published emission factors of electricity, append-only. A release is one edition of one dataset for one data
/// year (eGRID, 2023, rev1); a revision of the data is a new release, never an edit, so that an audit made with a release
/// can be recomputed for ever.
interface IEmissionFactors {
    /// @notice One row of a release: the rates of one grid region.
    struct Factor {
        bytes9 region; // grid region code, ASCII, e.g. "CAMX"
        uint64 location; // grid average, g CO2e per MWh, rounded up
        uint64 residual; // residual mix, g CO2e per MWh, rounded up; ignored unless residualPublished
        bool residualPublished; // false: the release states no residual mix for the region
    }

    /// @notice What identifies a release and where it came from.
    struct Release {
        string dataset; // e.g. "eGRID"
        uint16 year; // year of the data
        string edition; // e.g. "rev1"
        bytes32 fileHash; // sha-256 of the file the rows were taken from
        bytes2 marketZone; // market whose facilities and auditors the dataset is for, e.g. "US"
    }

    /// @notice The release was announced; its rows follow in `FactorPublished`.
    event ReleasePublished(
        bytes32 indexed release, string dataset, uint16 year, string edition, bytes32 fileHash, bytes2 marketZone
    );
    /// @notice One region's rates were added to a release.
    event FactorPublished(
        bytes32 indexed release, bytes9 indexed region, uint64 location, uint64 residual, bool residualPublished
    );

    /// @notice The release exists with another file behind it: a changed file is a new edition.
    error ReleaseFileDiffers(bytes32 release, bytes32 published, bytes32 offered);
    /// @notice The release exists for another market.
    error ReleaseMarketDiffers(bytes32 release, bytes2 published, bytes2 offered);
    /// @notice The region already has a factor in this release; factors are never edited.
    error FactorExists(bytes32 release, bytes9 region);
    /// @notice The release states nothing for the region.
    error FactorUnknown(bytes32 release, bytes9 region);
    /// @notice A release needs a dataset, an edition, a year, a market zone and the hash of its file.
    error ReleaseIncomplete();
    /// @notice A row needs a region code.
    error RegionMissing();

    /// @notice Adds a release, or further regions to it. Only a publisher.
    function publish(Release calldata release, Factor[] calldata factors) external returns (bytes32 releaseId);

    /// @notice The id of a release: the hash of its dataset, year and edition.
    function releaseIdOf(string calldata dataset, uint16 year, string calldata edition) external pure returns (bytes32);

    /// @notice The rates of a region. Where no residual mix was published the location rate stands in for it, as the GHG
    /// Protocol's Scope 2 hierarchy requires, and `residualPublished` is false so that the absence can be disclosed.
    /// @return location g CO2e per MWh
    /// @return residual g CO2e per MWh
    /// @return residualPublished see above
    /// @return marketZone the market that the release is for
    function factorOf(bytes32 releaseId, bytes9 region)
        external
        view
        returns (uint256 location, uint256 residual, bool residualPublished, bytes2 marketZone);

    /// @notice The sha-256 of the file behind a release; zero for an unknown release.
    function fileHashOf(bytes32 releaseId) external view returns (bytes32);
}
