/**
 * What the author of a plugin runs. A contract is an abstract test class: extend it, give it a
 * fixture, and every rule that the server relies on is tried on the plugin. Beside the contracts
 * stand doubles that fail, lie or block on request.
 */
package io.postern.testkit;
