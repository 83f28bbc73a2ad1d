"""Kernels of the engine `chain`."""
