"""People's accounts: signing up, logging in, and looking after what is theirs."""
