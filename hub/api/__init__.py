"""The hub's HTTP API beside ingest: answers of centers, outcomes for those who may know, capability, health."""
