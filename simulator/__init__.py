"""The outside world, seeded: a stream of posts with incidents planted at a date."""
