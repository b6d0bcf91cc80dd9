"""Partial types of the conformance schema, made while its client is generated."""

from conformance_schema.models import Post, User

Post.create_partial("PostTitle", include={"id", "title"})
User.create_partial("UserInList", include={"id", "name"})
User.create_partial("UserWithPosts", include={"id", "posts"}, relations={"posts": "PostTitle"})
User.create_partial("UserWithoutRelations", exclude_relational_fields=True)
