/** The plugins {@code oauth-bearer} and {@code xoauth2}: SASL with bearer tokens. */
package io.postern.auth.sasloauth;
