package org.example.template.auth;

import static java.nio.charset.StandardCharsets.UTF_8;

import io.postern.spi.auth.AuthContext;
import io.postern.spi.auth.AuthMechanism;
import io.postern.testkit.auth.AuthMechanismContract;

/** The contract of mechanisms. */
class TemplateTest implements AuthMechanismContract {

    @Override
    public AuthMechanism mechanism() {
        return new Template();
    }

    /** What a client sends that plays by the rules. */
    @Override
    public Client client(String name, String secret, AuthContext connection) {
        return challenge -> (name + "\0" + secret).getBytes(UTF_8);
    }
}
