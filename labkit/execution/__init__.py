"""Run notebooks: find them, check their parameters, execute them, prove that they ran."""
