"""Engines: independent ways to turn a spec into a trajectory."""
