"""The demo: people trade on a local chain while a real crash is replayed through the feeds."""
