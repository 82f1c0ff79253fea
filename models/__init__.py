"""Code that learns. Fitted models live in MLflow, never here."""
