"""The six stages, one module each; `triage/pipeline.py` names them in order."""
