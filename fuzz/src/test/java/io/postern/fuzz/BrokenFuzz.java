package io.postern.fuzz;

/** A reader with a defect that chance alone does not find. */
public final class BrokenFuzz {
    private BrokenFuzz() {}

    public static void fuzzerTestOneInput(byte[] input) {
        if (input.length > 3 && input[0] == 'Q' && input[1] == 'U') {
            if (input[2] == 'I' && input[3] == 'T') {
                throw new AssertionError("the planted defect");
            }
        }
    }
}
