"""Update laws."""
