"""What several domains need and none owns."""
