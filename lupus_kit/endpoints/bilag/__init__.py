"""BILAG-2004: from the items of the form to nine grades, and what grades add up to."""
