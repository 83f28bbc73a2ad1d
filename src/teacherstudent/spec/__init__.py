"""From a document to a `Spec`: the model, its schema, its rules, and the parser on top."""
