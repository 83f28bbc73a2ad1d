"""Bytes on a disk: whole files, checksums, HDF5, YAML, arrays. Nothing here knows a spec."""
