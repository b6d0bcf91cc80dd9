"""What happens when servers, networks, tasks, loops and processes fail."""
