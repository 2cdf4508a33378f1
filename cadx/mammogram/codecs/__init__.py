"""From encapsulated pixel data to stored values."""
