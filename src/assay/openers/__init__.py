"""One module per kind of container: archives to members, as layers in memory."""
