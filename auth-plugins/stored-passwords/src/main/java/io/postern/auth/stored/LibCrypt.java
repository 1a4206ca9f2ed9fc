package io.postern.auth.stored;

import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemoryLayout;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.SymbolLookup;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandle;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;

/**
 * The function {@code crypt_rn} of the system's libcrypt (libxcrypt), which hashes the passwords of
 * its users. The libcrypt of older systems has no such function, and no hash either that is not
 * known here without it. Any number of threads.
 */
@SuppressWarnings("restricted") // calls C, which --enable-native-access allows
final class LibCrypt {
    /** As Debian and as Fedora call it. */
    static final List<String> NAMES = List.of("libcrypt.so.1", "libcrypt.so.2");

    private static final Logger log = LoggerFactory.getLogger(LibCrypt.class);

    /** At least {@code sizeof(struct crypt_data)}, which crypt.h says is 32 KiB. */
    private static final int DATA_OCTETS = 64 << 10;

    /** Of {@code errno}, on Linux. */
    private static final int ENOMEM = 12;

    private static final MemoryLayout ERRNO = Linker.Option.captureStateLayout();

    private final MethodHandle function;

    /** Whether it takes a setting, which is asked for again and again. */
    private final Map<String, Boolean> taken = new ConcurrentHashMap<>();

    private LibCrypt(MethodHandle function) {
        this.function = function;
    }

    private static final class Lazy {
        static final Optional<LibCrypt> SYSTEM = load(NAMES);
    }

    /** The system's own, loaded when it is asked for first; empty where there is none. */
    static Optional<LibCrypt> system() {
        return Lazy.SYSTEM;
    }

    /** The first of these libraries that is there. */
    static Optional<LibCrypt> load(List<String> names) {
        for (var name : names) {
            try {
                var found = SymbolLookup.libraryLookup(name, Arena.global()).find("crypt_rn");
                if (found.isPresent()) {
                    return Optional.of(new LibCrypt(function(found.get())));
                }
            } catch (IllegalArgumentException e) {
                log.debug("there is no {}", name, e);
            } catch (IllegalCallerException e) {
                log.warn(
                        "Java refuses to use {}: start it with --enable-native-access=ALL-UNNAMED",
                        name);
                return Optional.empty();
            }
        }
        return Optional.empty();
    }

    private static MethodHandle function(MemorySegment address) {
        return Linker.nativeLinker()
                .downcallHandle(
                        address,
                        FunctionDescriptor.of(
                                ValueLayout.ADDRESS,
                                ValueLayout.ADDRESS,
                                ValueLayout.ADDRESS,
                                ValueLayout.ADDRESS,
                                ValueLayout.JAVA_INT),
                        Linker.Option.captureCallState("errno"));
    }

    /**
     * Whether it can hash at all like this.
     *
     * @param setting one of few, of little cost
     */
    boolean takes(String setting) {
        return taken.computeIfAbsent(setting, it -> hash(new byte[0], it).isPresent());
    }

    /**
     * Hashes a password.
     *
     * @param password without NUL; the caller's, who wipes it
     * @param setting a hash, whose method, cost and salt are taken
     * @return as long as the setting, and equal to it if it is of this password; empty where the
     *     library does not take the setting or so long a password
     * @throws IllegalStateException if there is not enough memory
     */
    Optional<String> hash(byte[] password, String setting) {
        try (var arena = Arena.ofConfined()) {
            var phrase = arena.allocate(password.length + 1L);
            var data = arena.allocate(DATA_OCTETS);
            var state = arena.allocate(ERRNO);
            try {
                phrase.copyFrom(MemorySegment.ofArray(password));
                var output =
                        (MemorySegment)
                                function.invokeExact(
                                        state,
                                        phrase,
                                        arena.allocateFrom(setting),
                                        data,
                                        DATA_OCTETS);
                if (output.equals(MemorySegment.NULL)) {
                    if (state.get(ValueLayout.JAVA_INT, 0) == ENOMEM) {
                        throw new IllegalStateException("libcrypt has not enough memory");
                    }
                    return Optional.empty();
                }
                return Optional.of(data.getString(output.address() - data.address()));
            } finally {
                phrase.fill((byte) 0);
                data.fill((byte) 0);
            }
        } catch (RuntimeException | Error e) {
            throw e;
        } catch (Throwable e) {
            throw new IllegalStateException("a function of C throws nothing", e);
        }
    }
}
