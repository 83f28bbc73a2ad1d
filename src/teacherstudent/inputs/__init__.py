"""What networks are trained on: data sets and finite training sets, with the labels of all teachers."""
