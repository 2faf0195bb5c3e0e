"""Tasks: from a decoded picture to a result, each with the one or more networks that it needs."""
