# Writes sequential.csv: what the R package rpact says about the size of sequential plans, about looks that came at other
# information than planned, and about conditional power, for tests/simulation/test_sequential.py to read.
# Run from this folder:   Rscript --vanilla make_sequential.R
# R is not needed to run the tests.

suppressPackageStartupMessages(library(rpact))

rows <- list()
add <- function(what, shape, sided, power, futility, times, value)
  rows[[length(rows) + 1]] <<- data.frame(what = what, shape = shape, sided = sided, power = power, futility = futility,
    times = paste(format(times, digits = 15, trim = TRUE), collapse = " "), value = paste(format(value, digits = 12, trim = TRUE), collapse = " "))
for (times in list(c(0.5, 1), c(1, 2, 3) / 3, c(0.25, 0.5, 0.75, 1))) for (shape in c("asOF", "asP", "OF", "P")) {
  for (sided in c(1, 2)) for (beta in c(0.2, 0.1)) {
    design <- getDesignGroupSequential(sided = sided, alpha = 0.025 * sided, beta = beta, informationRates = times,
      typeOfDesign = shape, tolerance = 1e-10)
    add("inflation", shape, sided, 1 - beta, "", times, getDesignCharacteristics(design)$inflationFactor)
  }
  if (substr(shape, 1, 2) == "as") for (beta in c(0.2, 0.1)) {
    design <- getDesignGroupSequential(sided = 1, alpha = 0.025, beta = beta, informationRates = times, typeOfDesign = shape,
      typeBetaSpending = sub("as", "bs", shape), bindingFutility = FALSE, tolerance = 1e-10)
    add("inflation", shape, 1, 1 - beta, shape, times, getDesignCharacteristics(design)$inflationFactor)
    add("patients", shape, 1, 1 - beta, shape, times, getSampleSizeRates(design, pi1 = 0.55, pi2 = 0.30)$maxNumberOfSubjects)
  }
}
# Looks planned at half and three quarters of 387 patients, which came after 205 and 285; the last one after 350 or 393.
for (shape in c("asOF", "asP")) for (sided in c(1, 2)) for (last in c(350, 393)) {
  alpha <- 0.025 * sided
  now <- getDesignGroupSequential(sided = sided, alpha = alpha, informationRates = c(205, 285, 387) / 387, typeOfDesign = shape,
    tolerance = 1e-10)
  end <- getDesignGroupSequential(sided = sided, alpha = alpha, informationRates = c(205, 285, last) / last,
    typeOfDesign = "asUser", userAlphaSpending = c(now$alphaSpent[1:2], alpha), tolerance = 1e-10)
  add("actual", shape, sided, NA, "", c(205, 285, last), end$criticalValues)
}
# A mean of a normal sample against 0 with known spread: Z = mean * sqrt(n). Two of four looks of a design of 80.
design <- getDesignGroupSequential(sided = 1, alpha = 0.025, informationRates = c(0.5, 1), typeOfDesign = "asOF", tolerance = 1e-10)
for (z in c(-0.5, 1, 2)) for (theta in c(0, 0.3)) {
  data <- getDataset(n = 40, means = z / sqrt(40), stDevs = 1)
  found <- getConditionalPower(getStageResults(design, data, normalApproximation = TRUE), nPlanned = 40, thetaH1 = theta,
    assumedStDev = 1)
  add("conditional_power", "asOF", 1, NA, "", c(z, theta * sqrt(80)), found$conditionalPower[2])
}
frame <- do.call(rbind, rows)
out <- file("sequential.csv", "wb")
writeLines(paste0("# ", R.version.string, ", rpact ", packageVersion("rpact"), " - made by make_sequential.R"), out)
write.csv(frame, out, row.names = FALSE, quote = FALSE)
close(out)
