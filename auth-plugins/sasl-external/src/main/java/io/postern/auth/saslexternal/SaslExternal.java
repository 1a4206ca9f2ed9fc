package io.postern.auth.saslexternal;

import io.postern.spi.Fault;
import io.postern.spi.PluginConfig;
import io.postern.spi.Setting;
import io.postern.spi.auth.AuthContext;
import io.postern.spi.auth.AuthExchange;
import io.postern.spi.auth.AuthMechanism;
import io.postern.spi.auth.AuthStep;
import io.postern.spi.auth.Channel;
import io.postern.spi.auth.NameDirectory;
import io.postern.spi.auth.UserDirectory;
import io.postern.spi.auth.Verdict;

import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.security.cert.CertificateParsingException;
import java.security.cert.X509Certificate;
import java.util.List;

import javax.naming.InvalidNameException;
import javax.naming.ldap.LdapName;
import javax.naming.ldap.Rdn;
import javax.security.auth.x500.X500Principal;

/**
 * SASL EXTERNAL (RFC 4422 appendix A): the client is whom its TLS certificate names. Offered only
 * where the listener has asked for a certificate and verified it (RFC 2595 §4).
 *
 * <p>An empty authorization identity stands for the certificate's first name, any other has to be
 * one of its names, or the name of the account that the first one leads to.
 */
public final class SaslExternal implements AuthMechanism {
    private static final String EMAIL = "email";
    private static final String COMMON_NAME = "common-name";

    private static final Setting NAME =
            Setting.choice(
                    "name",
                    List.of(EMAIL, COMMON_NAME),
                    "What of the certificate is the login name: an e-mail address among its"
                            + " alternative names (email), or its subject's common name.");

    /** RFC 5280 §4.2.1.6: rfc822Name. */
    private static final int RFC822_NAME = 1;

    private volatile boolean byEmail = true;

    @Override
    public List<Setting> settings() {
        return List.of(NAME);
    }

    @Override
    public void start(PluginConfig config) {
        byEmail = config.text(NAME.name()).equals(EMAIL);
    }

    @Override
    public String mechanism() {
        return "EXTERNAL";
    }

    @Override
    public boolean plaintext() {
        return false;
    }

    @Override
    public boolean servedBy(UserDirectory directory) {
        return directory instanceof NameDirectory;
    }

    @Override
    public boolean fits(Channel channel) {
        return !channel.clientCertificates().isEmpty();
    }

    @Override
    public AuthExchange begin(AuthContext context) {
        return response -> check(context, response);
    }

    private AuthStep check(AuthContext context, byte[] response)
            throws Fault, InterruptedException {
        String identity;
        try {
            identity =
                    StandardCharsets.UTF_8
                            .newDecoder()
                            .decode(ByteBuffer.wrap(response))
                            .toString();
        } catch (CharacterCodingException e) {
            return new Verdict.Refused(Verdict.Reason.MALFORMED);
        }
        var shown = context.clientCertificates();
        if (shown.isEmpty() || identity.indexOf('\0') >= 0) {
            return new Verdict.Refused(Verdict.Reason.MALFORMED);
        }
        var names = byEmail ? emails(shown.getFirst()) : commonNames(shown.getFirst());
        if (names.isEmpty()) {
            return new Verdict.Refused(Verdict.Reason.NOT_ALLOWED);
        }
        // The certificate proves every one of them, however the client spells it.
        var name =
                names.stream()
                        .filter(identity::equalsIgnoreCase)
                        .findFirst()
                        .orElse(names.getFirst());
        var verdict = context.checkName(name);
        if (verdict instanceof Verdict.Accepted(var user) && !context.names(identity, user)) {
            return new Verdict.Refused(Verdict.Reason.NOT_ALLOWED);
        }
        return verdict;
    }

    private static List<String> emails(X509Certificate certificate) {
        try {
            var names = certificate.getSubjectAlternativeNames();
            return names == null
                    ? List.of()
                    : names.stream()
                            .filter(name -> name.getFirst().equals(RFC822_NAME))
                            .map(name -> (String) name.get(1))
                            .toList();
        } catch (CertificateParsingException e) {
            return List.of(); // A name that cannot be read is none.
        }
    }

    private static List<String> commonNames(X509Certificate certificate) {
        try {
            var subject = certificate.getSubjectX500Principal().getName(X500Principal.RFC2253);
            return new LdapName(subject)
                    .getRdns().stream()
                            .filter(rdn -> rdn.getType().equalsIgnoreCase("CN"))
                            .map(Rdn::getValue)
                            .filter(String.class::isInstance)
                            .map(String.class::cast)
                            .toList();
        } catch (InvalidNameException e) {
            return List.of(); // A name that cannot be read is none.
        }
    }
}
