"""Engine `chain`: the exact law of the order parameters at finite N."""
