"""Parts joined into trainable models; no loss here."""
