"""Runs and curves in HDF5, checkpoints, starts from stored runs, and digests of the code."""
