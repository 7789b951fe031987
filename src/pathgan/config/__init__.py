"""Typed, frozen configuration: papers are data."""
