"""A system with a policy_batch."""
