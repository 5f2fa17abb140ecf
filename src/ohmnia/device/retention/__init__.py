"""Retention laws."""
