"""Pictures for people: crops, outlines, answers."""
