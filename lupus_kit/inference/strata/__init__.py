"""Strata and covariates: what was stratified for in the design belongs into the analysis."""
