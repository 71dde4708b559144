// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

import {IAllocations} from "../interfaces/IAllocations.sol";
import {ICarbonTokens} from "../interfaces/ICarbonTokens.sol";
import {IHourlyMatching} from "../interfaces/IHourlyMatching.sol";
import {TokenId} from "../libraries/TokenId.sol";
import {GhostLedger} from "./GhostLedger.sol";
import {GhostShares} from "./GhostShares.sol";
import {InvariantWorld} from "./InvariantWorld.sol";
import {SplitWorld} from "./SplitWorld.sol";

contract ShareInvariantsTest is InvariantWorld {
    function invariantAllocatedInAllAccountsIsTheSumOfTheLatestClaimedShares() public view {
        for (uint32 month = FIRST; month < FIRST + MONTHS; ++month) {
            (uint256 allocated, uint256 held) = (0, 0);
            for (uint256 i = 0; i < FACILITIES; ++i) {
                ICarbonTokens.Account memory account = ledger.accountOf(handler.facilities(i), month);
                allocated += account.allocatedLocation + account.allocatedMarket;
                for (uint256 j = 0; j < FACILITIES; ++j) {
                    IAllocations.Claimed memory claimed =
                        allocations.claimedBy(handler.facilities(j), month, handler.facilities(i));
                    held += uint256(claimed.location) + claimed.market;
                }
            }
            _same(allocated, held, "allocated");
        }
    }

    function invariantAShareCountsOnceAndAllSharesOfAVersionAreAtMostItsTotals() public view {
        for (uint256 i = 0; i < FACILITIES * MONTHS; ++i) {
            (uint256 landlord, uint32 month) = _account(i);
            IAllocations.Claimed memory claimed = allocations.claimedOf(landlord, month);
            GhostLedger.Held memory sum;
            for (uint256 j = 0; j < FACILITIES; ++j) {
                GhostLedger.Held memory held = handler.heldBy(landlord, month, handler.facilities(j));
                if (held.version != claimed.version) continue;
                (sum.energy, sum.location) = (sum.energy + held.energy, sum.location + held.location);
                sum.market += held.market;
            }
            _same(claimed.energy, sum.energy, "energy");
            _same(claimed.location, sum.location, "location-based");
            _same(claimed.market, sum.market, "market-based");
            SplitWorld.Totals memory totals = handler.totalsAt(landlord, month, claimed.version);
            _holds(sum.energy <= totals.energy, "more energy claimed than there is");
            _holds(sum.location <= totals.location, "more claimed than emitted, location-based");
            _holds(sum.market <= totals.market, "more claimed than emitted, market-based");
        }
    }

    function invariantAllocatedEmissionsStayWithTheirFacility() public view {
        for (uint256 i = 0; i < FACILITIES * MONTHS; ++i) {
            (uint256 facility_, uint32 month) = _account(i);
            uint256 id = TokenId.allocated(facility_, month);
            uint256 location = ledger.accountOf(facility_, month).allocatedLocation;
            (address owner,,,) = ledger.facilityOf(facility_);
            _same(ledger.balanceOf(owner, id), location, "balance of class 4");
            _same(handler.heldOf(id), location, "nobody else has them");
        }
    }

    function invariantWhatIsMatchedWasConsumedAndRetired() public view {
        for (uint256 i = 0; i < FACILITIES * MONTHS; ++i) {
            (uint256 facility_, uint32 month) = _account(i);
            IHourlyMatching.Matching memory matching = hourly.matchingOf(TokenId.audited(facility_, month));
            GhostLedger.Match memory twin = handler.matchOf(facility_, month);
            _same(matching.version, twin.version, "version");
            _same(matching.matched, twin.matched, "matched");
            ICarbonTokens.Account memory account = ledger.accountOf(facility_, month);
            if (!twin.exists || twin.version != account.version) continue;
            _same(uint256(matching.matched) + matching.unmatched, account.energy, "matched + unmatched = energy");
            _holds(matching.matched <= account.recs, "more matched than retired");
        }
    }

    function invariantAGranularCertificateCountsInOneAccount() public view {
        for (uint256 i = 0; i < FACILITIES * MONTHS; ++i) {
            (uint256 facility_, uint32 month) = _account(i);
            GhostShares.Hourly[] memory granulars = handler.granularsOf(facility_, month);
            for (uint256 j = 0; j < granulars.length; ++j) {
                _same(hourly.accountOf(granulars[j].id), TokenId.audited(facility_, month), "account");
                _same(ledger.balanceOf(address(hourly), granulars[j].id), 0, "nothing stays on the way");
            }
        }
    }
}
