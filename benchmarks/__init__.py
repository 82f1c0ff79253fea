"""What is claimed about speed and quality, measured: `make bench DATA=folder` or `python -m benchmarks.NAME DATA`."""
