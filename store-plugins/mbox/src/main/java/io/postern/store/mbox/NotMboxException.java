package io.postern.store.mbox;

/** The file has something in it that is not in the mbox format. */
final class NotMboxException extends Exception {
    private static final long serialVersionUID = 1L;

    NotMboxException() {
        super("the file does not begin with a From_ line (\"From sender date\")");
    }
}
