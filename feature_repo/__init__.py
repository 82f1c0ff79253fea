"""What Feast applies: feature_store.yaml and one definitions.py."""
