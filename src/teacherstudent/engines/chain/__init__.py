"""Engine `chain`: the exact Markov chain of the order parameters at finite N."""
