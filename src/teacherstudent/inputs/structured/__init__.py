"""Structured inputs: projections, generators and spectra, and the second moments that follow from them."""
