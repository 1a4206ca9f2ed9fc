package io.postern.store.memory;

import java.util.Set;

/** What can be wrong with a {@link BrokenStore}, and the rules that must find it. */
enum Defect {
    NONE,
    REMOVES_ONE_MORE(
            "aLostOutcomeIsNeverSaidToBeGood",
            "aMessageThatIsAlreadyGoneIsSuccess",
            "aMessageWhoseFlagsChangedIsRemoved",
            "aTimeLimitThatIsOverIsNoReasonToLie",
            "anInterruptedCommitDoesNotLie",
            "anUnknownUniqueIdRemovesNothing",
            "manyUsersAtTheSameTimeDoNotMeet",
            "removesEverySecond",
            "removesTheOneThatIsMarkedAndNoOther",
            "seenMessagesStay",
            "uniqueIdsStayWhenOthersAreRemoved",
            "whatCannotBeRemovedIsNotSaidToBeGone"),
    REMOVES_BY_NUMBER("anUnknownUniqueIdRemovesNothing", "theUniqueIdSaysWhichMessageIsMeant"),
    REMOVES_ALL_COPIES(
            "aCopyDeliveredAfterAMessageVanishedIsNotTakenForIt",
            "aLostOutcomeIsNeverSaidToBeGood",
            "anUnknownUniqueIdRemovesNothing",
            "removesOneOfIdenticalCopies",
            "theSameCommitAgainChangesNothing",
            "theUniqueIdSaysWhichMessageIsMeant",
            "whatCannotBeRemovedIsNotSaidToBeGone"),
    REMOVES_WHAT_IS_SEEN("seenMessagesStay"),
    REMOVES_WHAT_WAS_READ_AT_A_DROP("aSessionThatDropsRemovesNothing", "sizesAreThoseOnTheWire"),
    REMOVES_NEW_MAIL(
            "mailThatArrivesDuringASessionIsNotTouched", "nothingIsLostWhileMailArrivesAllTheTime"),
    SAYS_OK_AND_REMOVES_NOTHING(
            "aCopyDeliveredAfterAMessageVanishedIsNotTakenForIt",
            "aLostOutcomeIsNeverSaidToBeGood",
            "aMessageThatIsAlreadyGoneIsSuccess",
            "aMessageWhoseFlagsChangedIsRemoved",
            "aSeenMessageThatVanishedFailsNothing",
            "aTimeLimitThatIsOverIsNoReasonToLie",
            "aTokenRenewedSinceTheOpeningIsGood",
            "aUniqueIdIsNeverGivenAgain",
            "aUniqueIdIsNotGivenAgainAfterARestart",
            "allAlreadyGoneIsSuccess",
            "anInterruptedCommitDoesNotLie",
            "anySessionMayMoveFromThreadToThread",
            "mailThatArrivesDuringASessionIsNotTouched",
            "manyUsersAtTheSameTimeDoNotMeet",
            "nothingIsLostWhileMailArrivesAllTheTime",
            "removesAll",
            "removesEverySecond",
            "removesOneOfIdenticalCopies",
            "removesTheOneThatIsMarkedAndNoOther",
            "seenMessagesStay",
            "uniqueIdsStayWhenOthersAreRemoved",
            "whatCannotBeRemovedIsNotSaidToBeGone"),
    SAYS_OK_WHERE_REMOVAL_FAILED("whatCannotBeRemovedIsNotSaidToBeGone"),
    SAYS_OK_WHERE_THE_OUTCOME_IS_LOST("aLostOutcomeIsNeverSaidToBeGood"),
    SAYS_OK_WHEN_INTERRUPTED("anInterruptedCommitDoesNotLie"),
    SAYS_OK_WHEN_TIME_IS_OVER("aTimeLimitThatIsOverIsNoReasonToLie"),
    SAYS_NOTHING_OF_WHAT_IS_ALREADY_GONE(
            "aCopyDeliveredAfterAMessageVanishedIsNotTakenForIt",
            "aMessageThatIsAlreadyGoneIsSuccess",
            "allAlreadyGoneIsSuccess",
            "theListingNeverChanges"),
    FAILS_WHAT_IS_ALREADY_GONE(
            "aCopyDeliveredAfterAMessageVanishedIsNotTakenForIt",
            "aMessageThatIsAlreadyGoneIsSuccess",
            "allAlreadyGoneIsSuccess",
            "theListingNeverChanges"),
    FORGETS_RESULTS(
            "aLostOutcomeIsNeverSaidToBeGood",
            "theSameCommitAgainChangesNothing",
            "theSameCommitIdKeepsItsResultOverARestart"),
    FORGETS_RESULTS_AT_A_RESTART("theSameCommitIdKeepsItsResultOverARestart"),
    FORGETS_REMOVALS_AT_A_RESTART("seenMessagesStay", "whatIsRemovedStaysRemovedOverARestart"),
    IGNORES_TOKENS(
            "aHigherGenerationPassesAnyCounter",
            "aLockLostBeforeARestartRemovesNothing",
            "aLockLostToAnotherServerRemovesNothing",
            "aLostLockRemovesNothing",
            "anOpeningWithAPassedTokenTakesNothingFromTheHolder"),
    IGNORES_GENERATIONS("aHigherGenerationPassesAnyCounter"),
    REMEMBERS_TOKENS_IN_ITS_OWN_SERVER_ONLY(
            "aLockLostBeforeARestartRemovesNothing", "aLockLostToAnotherServerRemovesNothing"),
    REFUSES_A_RENEWED_TOKEN("aTokenRenewedSinceTheOpeningIsGood"),
    TAKES_AN_OLD_TOKEN_FOR_THE_NEWEST(
            "aLockLostBeforeARestartRemovesNothing",
            "anOpeningWithAPassedTokenTakesNothingFromTheHolder"),
    REMOVES_AND_THEN_SAYS_FENCED(
            "aHigherGenerationPassesAnyCounter",
            "aLockLostToAnotherServerRemovesNothing",
            "aLostLockRemovesNothing"),
    REMOVES_ALL_WHERE_NONE_IS_MARKED("closeIsIdempotent", "removesNothingWhereNothingIsMarked"),
    REMOVES_FROM_ALL_USERS(
            "aCopyDeliveredAfterAMessageVanishedIsNotTakenForIt",
            "aLostOutcomeIsNeverSaidToBeGood",
            "anUnknownUniqueIdRemovesNothing",
            "removesOneOfIdenticalCopies",
            "theSameCommitAgainChangesNothing",
            "theUniqueIdSaysWhichMessageIsMeant",
            "touchesNobodyElsesMail",
            "whatCannotBeRemovedIsNotSaidToBeGone"),
    FAILS_WHERE_NOTHING_IS_MARKED(
            "closeIsIdempotent",
            "commitsAnEmptyMaildrop",
            "nothingIsLostWhileMailArrivesAllTheTime",
            "removesNothingWhereNothingIsMarked"),
    FENCE_MODE_IS_NULL("itHasANameAndAFenceMode"),
    LISTS_ONE_LESS(
            "identicalCopiesHaveDifferentUniqueIds",
            "manyUsersAtTheSameTimeDoNotMeet",
            "removesAll",
            "removesEverySecond",
            "removesOneOfIdenticalCopies",
            "removesTheOneThatIsMarkedAndNoOther",
            "seenMessagesStay",
            "sizesAreThoseOfTheirOwnMessages",
            "theListingHasEveryMessageOnce",
            "theSameCommitAgainChangesNothing",
            "uniqueIdsStayWhenOthersAreRemoved",
            "whatCannotBeRemovedIsNotSaidToBeGone"),
    COUNTS_A_PSEUDO_MESSAGE(
            "anEmptyMaildropHasNoMessages",
            "noNameLeadsToAnothersMailOrOutOfTheRoot",
            "nothingIsLostWhileMailArrivesAllTheTime",
            "removesAll"),
    CONTENT_COMES_WITH_PAUSES("aStreamGivesAtLeastOneOctetAtATime"),
    LISTING_GROWS(
            "mailThatArrivesDuringASessionIsNotTouched",
            "nothingIsLostWhileMailArrivesAllTheTime",
            "theListingNeverChanges"),
    LISTING_IS_ANOTHER_OBJECT_EACH_TIME("theListingNeverChanges"),
    LISTS_NO_EMPTY_MESSAGES(
            "removesAll",
            "removesEverySecond",
            "sizesAreThoseOfTheirOwnMessages",
            "sizesAreThoseOnTheWire"),
    ORDER_CHANGES("theOrderStaysOverReopenings"),
    SIZE_IS_THAT_OF_THE_FILE("sizesAreThoseOfTheirOwnMessages", "sizesAreThoseOnTheWire"),
    SIZE_COUNTS_STUFFED_DOTS("sizesAreThoseOfTheirOwnMessages", "sizesAreThoseOnTheWire"),
    SIZE_IS_WHAT_THE_SERVER_LAST_SAID("aSizeThatTheServerDoubtsIsExactAtTheNextOpening"),
    UNIQUE_ID_HAS_A_SPACE("uniqueIdsAreLegal"),
    UNIQUE_ID_CHANGES_AT_EACH_OPENING(
            "removesOneOfIdenticalCopies",
            "seenMessagesStay",
            "theOrderStaysOverReopenings",
            "uniqueIdsSizesAndContentStayWhenFlagsChange",
            "uniqueIdsStayOverThreeReopenings",
            "uniqueIdsStayWhenOthersAreRemoved"),
    UNIQUE_ID_CHANGES_AT_A_RESTART(
            "seenMessagesStay",
            "theOrderStaysOverReopenings",
            "uniqueIdsAreTheSameInASecondServer",
            "uniqueIdsSizesAndContentStayWhenFlagsChange",
            "uniqueIdsStayOverARestart"),
    UNIQUE_ID_CHANGES_WITH_FLAGS("uniqueIdsSizesAndContentStayWhenFlagsChange"),
    UNIQUE_ID_IS_THE_NUMBER(
            "aUniqueIdIsNeverGivenAgain",
            "aUniqueIdIsNotGivenAgainAfterAMessageVanished",
            "aUniqueIdIsNotGivenAgainAfterARestart",
            "removesOneOfIdenticalCopies",
            "seenMessagesStay",
            "uniqueIdsStayWhenOthersAreRemoved"),
    UNIQUE_ID_IS_A_DIGEST(
            "aUniqueIdIsNeverGivenAgain",
            "aUniqueIdIsNotGivenAgainAfterAMessageVanished",
            "aUniqueIdIsNotGivenAgainAfterARestart",
            "identicalCopiesHaveDifferentUniqueIds",
            "removesOneOfIdenticalCopies"),
    CONTENT_IS_REPAIRED(
            "aLargeMessageIsStreamed",
            "aTimeLimitThatIsOverIsNoReasonToLie",
            "removesEverySecond",
            "sizesAreThoseOfTheirOwnMessages",
            "sizesAreThoseOnTheWire"),
    CONTENT_IS_LOADED("aLargeMessageIsStreamed"),
    CONTENT_ENDS_EARLY_WHERE_A_MESSAGE_VANISHES(
            "aMessageThatVanishesWhileItIsReadNeverEndsEarly",
            "aStreamOpenedBeforeAnotherSessionsCommitNeverEndsEarly"),
    CONTENT_IS_EMPTY_WHERE_A_MESSAGE_VANISHED("aMessageThatVanishedIsAFaultOrWhole"),
    CONTENT_CAN_BE_READ_ONCE(
            "aMessageThatIsAlreadyGoneIsSuccess",
            "aMessageWhoseFlagsChangedIsRemoved",
            "aSeenMessageThatVanishedFailsNothing",
            "aStreamMayBeClosedBeforeItsEnd",
            "anySessionMayMoveFromThreadToThread",
            "contentMayBeReadAgainAndInAnyOrder",
            "manyUsersAtTheSameTimeDoNotMeet",
            "seenMessagesStay",
            "sizesAreThoseOfTheirOwnMessages",
            "uniqueIdsSizesAndContentStayWhenFlagsChange",
            "uniqueIdsStayWhenOthersAreRemoved"),
    CLOSING_TWICE_FAILS("closeIsIdempotent"),
    ONE_THREAD_ONLY("anySessionMayMoveFromThreadToThread"),
    A_FAILED_OPENING_GIVES_AN_EMPTY_LISTING("anOpeningThatFailsIsAFaultAndLeavesNothing"),
    A_FAILED_OPENING_LEAVES_A_LOCK("anOpeningThatFailsIsAFaultAndLeavesNothing"),
    NAMES_ARE_PATHS("noNameLeadsToAnothersMailOrOutOfTheRoot"),
    NAMES_ARE_SHORTENED(
            "aUserHasOneMaildropAndNoTwoShareOne",
            "manyUsersAtTheSameTimeDoNotMeet",
            "noNameLeadsToAnothersMailOrOutOfTheRoot"),
    LOCATION_CHANGES_AT_A_RESTART(
            "aLockLostBeforeARestartRemovesNothing",
            "aLockLostToAnotherServerRemovesNothing",
            "aUserHasTheSameMaildropAfterARestart");

    @SuppressWarnings("ImmutableEnumChecker") // Set.of is immutable
    private final Set<String> rules;

    /**
     * @param rules test methods of the contract that must fail, and no others
     */
    Defect(String... rules) {
        this.rules = Set.of(rules);
    }

    Set<String> rules() {
        return rules;
    }
}
