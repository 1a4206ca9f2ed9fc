package io.postern;

import static com.tngtech.archunit.core.domain.JavaCall.Predicates.target;
import static com.tngtech.archunit.core.domain.JavaClass.Predicates.assignableTo;
import static com.tngtech.archunit.core.domain.properties.HasName.Predicates.nameMatching;
import static com.tngtech.archunit.core.domain.properties.HasOwner.Predicates.With.owner;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.classes;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;
import static com.tngtech.archunit.library.dependencies.SlicesRuleDefinition.slices;

import com.tngtech.archunit.core.importer.ImportOption.DoNotIncludeTests;
import com.tngtech.archunit.junit.AnalyzeClasses;
import com.tngtech.archunit.junit.ArchTest;
import com.tngtech.archunit.lang.ArchRule;
import com.tngtech.archunit.lang.syntax.elements.ClassesShouldConjunction;

import org.apache.mina.core.buffer.IoBuffer;

import java.io.ObjectInput;
import java.util.stream.Stream;

/** The doors between the rooms: who may see whom. */
@AnalyzeClasses(packages = "io.postern", importOptions = DoNotIncludeTests.class)
class ArchitectureTest {

    private static final String JDK = "java..";
    private static final String LOG = "org.slf4j..";
    private static final String SPI = "io.postern.spi..";
    private static final String ENGINE = "io.postern.engine..";
    private static final String JSSE = "javax.net.ssl..";
    private static final String TLS = "io.postern.tls..";
    private static final String SESSION = "io.postern.session..";
    private static final String LIMIT = "io.postern.limit..";
    private static final String KEPT = "io.postern.kept..";
    private static final String CALL = "io.postern.call..";

    private static ClassesShouldConjunction seesOnly(String room, String... seen) {
        return classes()
                .that()
                .resideInAPackage(room)
                .should()
                .onlyDependOnClassesThat()
                .resideInAnyPackage(
                        Stream.concat(Stream.of(room), Stream.of(seen)).toArray(String[]::new));
    }

    @ArchTest
    static final ArchRule the_plugin_interfaces_see_the_jdk_and_the_log =
            seesOnly(SPI, JDK, "javax.crypto..", LOG);

    @ArchTest
    static final ArchRule the_engine_sees_the_jdk_and_the_wire =
            seesOnly(ENGINE, JDK, "io.postern.spi.wire..");

    @ArchTest
    static final ArchRule the_engine_does_no_io_and_knows_no_thread_or_clock =
            noClasses()
                    .that()
                    .resideInAPackage(ENGINE)
                    .should()
                    .dependOnClassesThat()
                    .resideInAnyPackage(
                            "java.net..",
                            "java.nio.channels..",
                            "java.nio.file..",
                            "java.time..",
                            "java.util.concurrent..")
                    .orShould()
                    .dependOnClassesThat()
                    .areAssignableTo(Thread.class);

    @ArchTest
    static final ArchRule the_session_sees_the_engine_and_the_plugin_interfaces =
            seesOnly(
                    SESSION,
                    JDK,
                    LOG,
                    ENGINE,
                    SPI,
                    LIMIT,
                    KEPT,
                    CALL,
                    "javax.crypto..",
                    "com.ongres..");

    @ArchTest
    static final ArchRule kept_deletions_see_the_plugin_interfaces = seesOnly(KEPT, JDK, LOG, SPI);

    @ArchTest
    static final ArchRule the_limits_see_what_plugins_see_and_the_log =
            seesOnly(LIMIT, JDK, LOG, SPI, "javax.crypto..");

    @ArchTest
    static final ArchRule the_transport_sees_the_session_and_the_engine =
            seesOnly(
                    "io.postern.transport..",
                    JDK,
                    JSSE,
                    LOG,
                    "org.apache.mina..",
                    SESSION,
                    ENGINE,
                    TLS,
                    LIMIT);

    @ArchTest
    static final ArchRule tls_sees_the_plugin_interfaces =
            seesOnly(TLS, JDK, JSSE, "javax.crypto..", "javax.security.auth.x500..", LOG, SPI);

    @ArchTest
    static final ArchRule the_plugin_loader_sees_the_plugin_interfaces =
            seesOnly("io.postern.plugin..", JDK, LOG, SPI, CALL);

    @ArchTest
    static final ArchRule the_calls_of_plugins_see_the_plugin_interfaces =
            seesOnly(CALL, JDK, LOG, SPI);

    @ArchTest
    static final ArchRule the_configuration_sees_the_plugin_interfaces =
            seesOnly(
                    "io.postern.config..",
                    JDK,
                    "javax.xml..",
                    "org.xml.sax..",
                    "org.w3c.dom..",
                    LOG,
                    "org.apache.commons.configuration2..",
                    SPI,
                    TLS,
                    LIMIT);

    @ArchTest
    static final ArchRule the_locks_see_the_plugin_interfaces =
            seesOnly("io.postern.lock..", JDK, LOG, SPI);

    @ArchTest
    static final ArchRule mina_lives_in_the_transport =
            noClasses()
                    .that()
                    .resideOutsideOfPackage("io.postern.transport..")
                    .should()
                    .dependOnClassesThat()
                    .resideInAPackage("org.apache.mina..");

    @ArchTest
    static final ArchRule commons_configuration_lives_in_the_configuration =
            noClasses()
                    .that()
                    .resideOutsideOfPackage("io.postern.config..")
                    .should()
                    .dependOnClassesThat()
                    .resideInAPackage("org.apache.commons.configuration2..");

    /** A plugin's jar is all that a stranger's would be. */
    @ArchTest
    static final ArchRule plugins_see_the_plugin_interfaces_only =
            noClasses()
                    .that()
                    .resideInAnyPackage("io.postern.store..", "io.postern.auth..")
                    .should()
                    .dependOnClassesThat()
                    .resideInAnyPackage(
                            ENGINE,
                            SESSION,
                            "io.postern.transport..",
                            TLS,
                            "io.postern.plugin..",
                            CALL,
                            "io.postern.config..",
                            "io.postern.lock..",
                            KEPT,
                            "io.postern.app..");

    /** Where MINA's remote code executions were (CVE-2024-52046 and its kin). */
    @ArchTest
    static final ArchRule nothing_off_the_wire_becomes_a_java_object =
            noClasses()
                    .should()
                    .callMethodWhere(
                            target(nameMatching("getObject|putObject"))
                                    .and(target(owner(assignableTo(IoBuffer.class)))))
                    .orShould()
                    .dependOnClassesThat()
                    .resideInAPackage("org.apache.mina.filter.codec.serialization..")
                    .orShould()
                    .dependOnClassesThat()
                    .areAssignableTo(ObjectInput.class);

    @ArchTest
    static final ArchRule no_room_sees_itself_through_another =
            slices().matching("io.postern.(*)..").should().beFreeOfCycles();
}
