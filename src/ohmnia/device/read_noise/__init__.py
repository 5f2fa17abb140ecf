"""Read-noise laws."""
