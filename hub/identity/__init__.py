"""Who a person at the console is: a passphrase they know and a code from a device they have."""
