package io.postern.testkit;

import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/** What can be wrong with a {@link BrokenLocks}, and the rules that must find it. */
enum LockDefect {
    NONE,
    LEASES_NAME_ANOTHER_MAILDROP("aFreeLockIsGiven"),
    GIVES_A_LOCK_TWICE(
            "aLeaseOfAStoppedNodeIsOverBeforeAnotherHasIt",
            "aLeaseStaysWithoutAnyWordFromItsClient",
            "aLeaseThatExpiredUnclaimedMayBeTakenUpAgain",
            "aLockIsBusyOnEveryNode",
            "aLockOfANodeThatCrashedIsFreeInTime",
            "aLostLeaseIsTakenUpAgainIfNobodyHadItSince",
            "aSecondOneIsBusyAndHearsWhoHasIt",
            "closeSendsAwayWhoWaits",
            "itIsNotReentrant",
            "manyWaitersGetItOneAfterTheOther",
            "nodesExcludeEachOther",
            "releaseIsIdempotentAndFreesNobodyElsesLock",
            "revokeReachesAHolderOnAnotherNode",
            "revokeTakesTheLockAndTellsItsHolder",
            "theWaitIsAsLongAsWasAsked",
            "whoIsInterruptedWhileWaitingHoldsNothing",
            "whoWaitsGetsTheLockWhenItIsRevoked",
            "withoutAWaitTheAnswerComesAtOnce"),
    IS_REENTRANT("itIsNotReentrant", "manyWaitersGetItOneAfterTheOther", "nodesExcludeEachOther"),
    NAMES_THE_WRONG_HOLDER("aLockIsBusyOnEveryNode", "aSecondOneIsBusyAndHearsWhoHasIt"),
    DOES_NOT_WAIT(
            "aLeaseOfAStoppedNodeIsOverBeforeAnotherHasIt",
            "aLockOfANodeThatCrashedIsFreeInTime",
            "manyWaitersGetItOneAfterTheOther",
            "nodesExcludeEachOther",
            "theWaitIsAsLongAsWasAsked",
            "whoIsInterruptedWhileWaitingHoldsNothing",
            "whoWaitsGetsTheLockWhenItIsReleased",
            "whoWaitsGetsTheLockWhenItIsRevoked",
            "whoWaitsOnAnotherNodeGetsTheLock"),
    WAITS_TOO_LONG(
            "?aLeaseStaysWithoutAnyWordFromItsClient",
            "theWaitIsAsLongAsWasAsked",
            "withoutAWaitTheAnswerComesAtOnce"),
    LOOKS_ONLY_AT_THE_END_OF_THE_WAIT(
            "closeSendsAwayWhoWaits",
            "?manyWaitersGetItOneAfterTheOther",
            "?nodesExcludeEachOther",
            "whoWaitsGetsTheLockWhenItIsReleased",
            "whoWaitsGetsTheLockWhenItIsRevoked"),
    KEYS_IGNORE_CASE("otherMaildropsAreFree"),
    KEYS_ARE_CUT_OFF("otherMaildropsAreFree"),
    ONE_LOCK_FOR_ALL(
            "aListenerThatFailsHarmsNobody",
            "aTokenStaysTheSameWhileItsLeaseIsHeld",
            "closeTellsEveryHolder",
            "manyMaildropsAreHeldAtTheSameTime",
            "otherMaildropsAreFree",
            "revokeOfAFreeLockDoesNothing"),
    TOKENS_STAND_STILL(
            "aLeaseOfAStoppedNodeIsOverBeforeAnotherHasIt",
            "aLockOfANodeThatCrashedIsFreeInTime",
            "aLostLeaseIsNotTakenUpAgainAfterSomebodyHadIt",
            "manyWaitersGetItOneAfterTheOther",
            "nodesExcludeEachOther",
            "revokeReachesAHolderOnAnotherNode",
            "revokeTakesTheLockAndTellsItsHolder",
            "tokensGrowFromNodeToNode",
            "tokensGrowOverAThousandCycles",
            "tokensGrowOverRestarts",
            "whoWaitsGetsTheLockWhenItIsReleased",
            "whoWaitsOnAnotherNodeGetsTheLock"),
    TOKENS_ARE_COUNTED_BY_EACH_NODE(
            "aLeaseOfAStoppedNodeIsOverBeforeAnotherHasIt",
            "aLockOfANodeThatCrashedIsFreeInTime",
            "nodesExcludeEachOther",
            "revokeReachesAHolderOnAnotherNode",
            "tokensGrowFromNodeToNode",
            "tokensGrowOverRestarts",
            "whoWaitsOnAnotherNodeGetsTheLock"),
    TOKENS_CHANGE_WHILE_HELD(
            "aLostLeaseIsTakenUpAgainIfNobodyHadItSince", "aTokenStaysTheSameWhileItsLeaseIsHeld"),
    RELEASE_FREES_WHOEVER_HOLDS_IT(
            "aLeaseOfAStoppedNodeIsOverBeforeAnotherHasIt",
            "releaseIsIdempotentAndFreesNobodyElsesLock",
            "revokeReachesAHolderOnAnotherNode",
            "revokeTakesTheLockAndTellsItsHolder"),
    RELEASE_TWICE_FAILS(
            "aLeaseOfAStoppedNodeIsOverBeforeAnotherHasIt",
            "manyThreadsMayReleaseTheSameLease",
            "releaseIsIdempotentAndFreesNobodyElsesLock",
            "revokeReachesAHolderOnAnotherNode",
            "revokeTakesTheLockAndTellsItsHolder"),
    RELEASE_LEAVES_THE_LOCK_FOR_A_WHILE(
            "aLockIsBusyOnEveryNode",
            "aLostLeaseIsNotTakenUpAgainAfterSomebodyHadIt",
            "aLostLeaseIsTakenUpAgainIfNobodyHadItSince",
            "anInterruptThatMeetsTheReleaseLeaksNothing",
            "?manyThreadsMayReleaseTheSameLease",
            "?nodesExcludeEachOther",
            "releaseFreesTheLockBeforeItReturns",
            "whoIsInterruptedWhileWaitingHoldsNothing"),
    REVOKE_TELLS_NOBODY(
            "aLeaseTakenUpAgainCanBeLostAgain",
            "aListenerMayReleaseItsLease",
            "aLossIsToldOnceEvenIfRevokedAgain",
            "aLossIsToldOnceWhenItMeetsTheRegistration",
            "aReleasedLeaseHearsNothing",
            "revokeReachesAHolderOnAnotherNode",
            "revokeTakesTheLockAndTellsItsHolder"),
    REVOKE_LEAVES_THE_LOCK(
            "aLeaseTakenUpAgainCanBeLostAgain",
            "aListenerMayReleaseItsLease",
            "aListenerThatFailsHarmsNobody",
            "aLossIsToldOnceEvenIfRevokedAgain",
            "aLossIsToldOnceWhenItMeetsTheRegistration",
            "aLossIsToldToWhoRegistersAfterIt",
            "aLostLeaseIsNotTakenUpAgainAfterSomebodyHadIt",
            "aLostLeaseIsNotTakenUpAgainWhileSomebodyHasIt",
            "aLostLeaseIsTakenUpAgainIfNobodyHadItSince",
            "aReleasedLeaseHearsNothing",
            "revokeReachesAHolderOnAnotherNode",
            "revokeTakesTheLockAndTellsItsHolder",
            "whoWaitsGetsTheLockWhenItIsRevoked"),
    REVOKE_SAYS_EXPIRED(
            "aLeaseTakenUpAgainCanBeLostAgain",
            "aLossIsToldOnceEvenIfRevokedAgain",
            "aLossIsToldToWhoRegistersAfterIt",
            "aReleasedLeaseHearsNothing",
            "revokeReachesAHolderOnAnotherNode",
            "revokeTakesTheLockAndTellsItsHolder"),
    REVOKE_FAILS_WHERE_NOBODY_HOLDS_IT(
            "aLossIsToldOnceEvenIfRevokedAgain",
            "aLossIsToldToWhoRegistersAfterIt",
            "aReleasedLeaseHearsNothing",
            "afterCloseNobodyGetsALock",
            "revokeOfAFreeLockDoesNothing"),
    REVOKE_STAYS_ON_ITS_NODE("revokeReachesAHolderOnAnotherNode"),
    A_LOST_LEASE_SAYS_IT_HOLDS(
            "aLostLeaseIsNotTakenUpAgainAfterSomebodyHadIt",
            "aLostLeaseIsNotTakenUpAgainWhileSomebodyHasIt",
            "aLostLeaseIsTakenUpAgainIfNobodyHadItSince",
            "revokeReachesAHolderOnAnotherNode",
            "revokeTakesTheLockAndTellsItsHolder",
            "whoWaitsGetsTheLockWhenItIsRevoked"),
    A_LOSS_IS_TOLD_TWICE(
            "aLeaseOfAStoppedNodeIsOverBeforeAnotherHasIt",
            "aLeaseTakenUpAgainCanBeLostAgain",
            "aLossIsToldOnceEvenIfRevokedAgain",
            "?aLossIsToldOnceWhenItMeetsTheRegistration",
            "aLossIsToldToWhoRegistersAfterIt",
            "aReleasedLeaseHearsNothing",
            "closeTellsEveryHolder",
            "revokeReachesAHolderOnAnotherNode",
            "revokeTakesTheLockAndTellsItsHolder"),
    A_LOSS_IS_NOT_TOLD_AFTERWARDS(
            "?aLossIsToldOnceWhenItMeetsTheRegistration", "aLossIsToldToWhoRegistersAfterIt"),
    A_LOSS_IS_TOLD_AFTER_RELEASE(
            "aLeaseStaysWithoutAnyWordFromItsClient", "aReleasedLeaseHearsNothing"),
    A_FAILING_LISTENER_STOPS_THE_REVOKE("aListenerThatFailsHarmsNobody"),
    TAKES_UP_AGAIN_WHAT_OTHERS_HAD("aLostLeaseIsNotTakenUpAgainAfterSomebodyHadIt"),
    TAKES_UP_AGAIN_WHAT_OTHERS_HAVE(
            "aLeaseOfAStoppedNodeIsOverBeforeAnotherHasIt",
            "aLostLeaseIsNotTakenUpAgainWhileSomebodyHasIt",
            "revokeReachesAHolderOnAnotherNode"),
    TAKES_UP_AGAIN_WHAT_WAS_RELEASED("aReleasedLeaseIsNotTakenUpAgain"),
    TAKES_NOTHING_UP_AGAIN(
            "aLeaseTakenUpAgainCanBeLostAgain",
            "?aLeaseThatExpiredUnclaimedMayBeTakenUpAgain",
            "aLostLeaseIsTakenUpAgainIfNobodyHadItSince"),
    TAKES_UP_WITH_A_NEW_TOKEN("aLostLeaseIsTakenUpAgainIfNobodyHadItSince"),
    TAKEN_UP_ONCE_IT_HEARS_NOTHING("aLeaseTakenUpAgainCanBeLostAgain"),
    INTERRUPTS_ARE_IGNORED("whoIsInterruptedWhileWaitingHoldsNothing"),
    AN_INTERRUPTED_WAITER_HOLDS_IT(
            "?anInterruptThatMeetsTheReleaseLeaksNothing",
            "whoIsInterruptedWhileWaitingHoldsNothing"),
    CLOSE_TELLS_NOBODY("closeTellsEveryHolder"),
    CLOSE_LEAVES_WHO_WAITS(
            "afterCloseNobodyGetsALock",
            "closeSendsAwayWhoWaits",
            "closeTellsEveryHolder",
            "tokensGrowOverRestarts"),
    GIVES_LOCKS_AFTER_CLOSE("afterCloseNobodyGetsALock", "closeSendsAwayWhoWaits"),
    NODES_DO_NOT_SEE_EACH_OTHER(
            "aLeaseOfAStoppedNodeIsOverBeforeAnotherHasIt",
            "aLeaseThatExpiredUnclaimedMayBeTakenUpAgain",
            "aLockIsBusyOnEveryNode",
            "aLockOfANodeThatCrashedIsFreeInTime",
            "nodesExcludeEachOther",
            "revokeReachesAHolderOnAnotherNode"),
    A_CRASHED_NODE_HOLDS_FOR_EVER(
            "aLeaseOfAStoppedNodeIsOverBeforeAnotherHasIt", "aLockOfANodeThatCrashedIsFreeInTime"),
    LEASES_ARE_NOT_KEPT_ALIVE("aLeaseStaysWithoutAnyWordFromItsClient"),
    A_STOPPED_NODE_BELIEVES_IT_HOLDS("aLeaseOfAStoppedNodeIsOverBeforeAnotherHasIt"),
    A_STOPPED_NODE_HEARS_NOTHING("aLeaseOfAStoppedNodeIsOverBeforeAnotherHasIt"),
    WHAT_IS_UNKNOWN_IS_FREE("whatCannotBeFoundOutIsUnavailableAndNotFree");

    @SuppressWarnings("ImmutableEnumChecker") // Set.copyOf is immutable
    private final Set<String> rules;

    @SuppressWarnings("ImmutableEnumChecker") // Set.copyOf is immutable
    private final Set<String> byChance;

    /**
     * @param rules test methods of the contract that must fail, and no others; one with a question
     *     mark may fail, for it depends on who comes first
     */
    LockDefect(String... rules) {
        this.rules =
                Stream.of(rules)
                        .filter(rule -> !rule.startsWith("?"))
                        .collect(Collectors.toUnmodifiableSet());
        this.byChance =
                Stream.of(rules)
                        .filter(rule -> rule.startsWith("?"))
                        .map(rule -> rule.substring(1))
                        .collect(Collectors.toUnmodifiableSet());
    }

    Set<String> rules() {
        return rules;
    }

    Set<String> byChance() {
        return byChance;
    }
}
