"""The command `teacherstudent`."""
