package io.postern.testkit;

import io.postern.spi.Fault;
import io.postern.spi.Secret;
import io.postern.spi.User;
import io.postern.spi.auth.PasswordDirectory;
import io.postern.spi.auth.SecretDirectory;
import io.postern.spi.auth.Verdict;

/**
 * A user directory that breaks one rule of its interface. None of it may look like a wrong
 * password, let somebody in, or end the server. Safe for use by several threads.
 */
public final class HostileDirectory implements PasswordDirectory, SecretDirectory {

    /** What it does wrong. */
    public enum Lie {
        GIVES_NULL,
        THROWS_UNCHECKED,
        /** As a plugin with a missing class does. */
        THROWS_ERROR,
        /** No lie, but the truth about a directory that is down. */
        TEMPORARY_FAULT,
        /** The same about one that is set up wrongly. */
        PERMANENT_FAULT,
        NEVER_RETURNS
    }

    private final Lie lie;
    private final Gate gate = new Gate();

    public HostileDirectory(Lie lie) {
        this.lie = lie;
    }

    /** Where the calls stand that never return; open it when the test ends. */
    public Gate gate() {
        return gate;
    }

    @Override
    public String name() {
        return "hostile";
    }

    @Override
    public void close() {
        gate.open();
    }

    @Override
    public Verdict verify(String name, Secret password) throws Fault, InterruptedException {
        misbehave();
        return lie == Lie.NEVER_RETURNS ? new Verdict.Accepted(new User("late")) : null;
    }

    @Override
    public Shared shared(String name) throws Fault, InterruptedException {
        misbehave();
        return lie == Lie.NEVER_RETURNS ? Shared.of(new User("late"), Secret.of("late")) : null;
    }

    private void misbehave() throws Fault, InterruptedException {
        switch (lie) {
            case GIVES_NULL -> {}
            case THROWS_UNCHECKED -> throw new IllegalStateException("hostile: " + lie);
            case THROWS_ERROR -> throw new NoClassDefFoundError("hostile: " + lie);
            case TEMPORARY_FAULT -> throw Fault.temporary("hostile: " + lie, null);
            case PERMANENT_FAULT -> throw Fault.permanent("hostile: " + lie, null);
            case NEVER_RETURNS -> gate.pass();
        }
    }
}
