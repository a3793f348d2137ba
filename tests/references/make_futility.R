# Writes futility.csv: what the R package rpact says about non-binding futility bounds and about spending functions with a
# parameter, for tests/simulation/test_boundaries.py to read.
# Run from this folder:   Rscript --vanilla make_futility.R
# R is not needed to run the tests.

suppressPackageStartupMessages(library(rpact))

rows <- list()
add <- function(what, parameter, alpha, beta, times, values)
  rows[[length(rows) + 1]] <<- data.frame(what = what, parameter = parameter, alpha = alpha, beta = beta,
                                          look = seq_along(values), information = times[seq_along(values)], z = values)
for (times in list(c(0.5, 1), c(1, 2, 3) / 3, c(0.25, 0.5, 0.75, 1))) {
  for (shape in c("asOF", "asP")) for (beta in c(0.2, 0.1)) {
    design <- getDesignGroupSequential(sided = 1, alpha = 0.025, beta = beta, informationRates = times, typeOfDesign = shape,
      typeBetaSpending = sub("as", "bs", shape), bindingFutility = FALSE, tolerance = 1e-10)
    add(paste0("futility_", shape), NA, 0.025, beta, times, design$futilityBounds)
  }
  for (gamma in c(-4, 1)) add("asHSD", gamma, 0.025, NA, times, getDesignGroupSequential(sided = 1, alpha = 0.025,
    informationRates = times, typeOfDesign = "asHSD", gammaA = gamma, tolerance = 1e-10)$criticalValues)
  for (rho in c(1, 3)) add("asKD", rho, 0.025, NA, times, getDesignGroupSequential(sided = 1, alpha = 0.025,
    informationRates = times, typeOfDesign = "asKD", gammaA = rho, tolerance = 1e-10)$criticalValues)
  add("asOF", NA, 0.025, NA, times, getDesignGroupSequential(sided = 1, alpha = 0.025, informationRates = times,
    typeOfDesign = "asOF", tolerance = 1e-10)$criticalValues)
}
frame <- do.call(rbind, rows)
for (name in c("information", "z")) frame[[name]] <- format(frame[[name]], digits = 12, trim = TRUE)
out <- file("futility.csv", "wb")
writeLines(paste0("# ", R.version.string, ", rpact ", packageVersion("rpact"), " - made by make_futility.R"), out)
write.csv(frame, out, row.names = FALSE, quote = FALSE)
close(out)
