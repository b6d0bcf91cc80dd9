"""Projects of organizations, and the roles that members have in them."""
