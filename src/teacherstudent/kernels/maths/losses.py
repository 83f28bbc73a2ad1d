"""Integer codes of the losses of an output phi for a label y."""

SQUARED, LOGISTIC, HINGE, SQUARED_HINGE, HEBBIAN = range(5)
LOSSES = {
    "squared": SQUARED,
    "logistic": LOGISTIC,
    "hinge": HINGE,
    "squared_hinge": SQUARED_HINGE,
    "hebbian": HEBBIAN,
}
