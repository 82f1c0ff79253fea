"""The one page for people who are none of Prefect, MLflow or Evidently."""
