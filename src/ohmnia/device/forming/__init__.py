"""Forming laws."""
