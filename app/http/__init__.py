"""What requests and responses of all routes have in common."""
