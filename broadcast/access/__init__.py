"""Accounts, roles and rights: who may do what in the databases."""
