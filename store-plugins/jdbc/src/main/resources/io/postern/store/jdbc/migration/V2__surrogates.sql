-- Exact size on the wire of what a client gets that did not ask for UTF-8 (RFC 6856). Null where
-- that is the message itself, and for messages that were delivered before there was this column.
ALTER TABLE message ADD COLUMN surrogate_octets BIGINT;
