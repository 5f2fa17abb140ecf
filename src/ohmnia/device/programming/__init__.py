"""Closed-loop programming laws."""
