"""Typed rows of an audit, and the sentences and pages written from them."""
