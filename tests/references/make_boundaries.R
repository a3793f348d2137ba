# Writes boundaries.csv: what the R package rpact says about group-sequential boundaries, for
# tests/simulation/test_boundaries.py to read.
# Run from this folder:   Rscript --vanilla make_boundaries.R
# R is not needed to run the tests. rpact solves to 1e-10 in probability and reports alpha spent 1e-8 low at the end.

suppressPackageStartupMessages(library(rpact))

fractions <- list(c(0.5, 1), c(1, 2, 3) / 3, c(0.3, 0.8, 1), c(0.25, 0.5, 0.75, 1), (1:5) / 5, c(0.1, 0.4, 0.45, 0.9, 1))
shapes <- c(pocock = "P", obrien_fleming = "OF", lan_demets_pocock = "asP", lan_demets_obrien_fleming = "asOF")

rows <- list()
for (shape in names(shapes)) for (alpha in c(0.05, 0.01)) for (times in fractions) {
  # Classical designs are two-sided in one go; spending functions give half of alpha to each side.
  design <- suppressWarnings(getDesignGroupSequential(
    sided = 2, alpha = alpha, informationRates = times, typeOfDesign = unname(shapes[shape]),
    twoSidedPower = TRUE, tolerance = 1e-10))
  # Power of the two-sided test with a mean of Z of 2.8 at full information.
  found <- getPowerAndAverageSampleNumber(design, theta = 2.8, nMax = 1)
  rows[[length(rows) + 1]] <- data.frame(
    shape = shape, alpha = alpha, look = seq_along(times), information = times,
    critical = design$criticalValues, spent = design$alphaSpent,
    power = as.vector(found$calculatedPower), stop = as.vector(found$rejectPerStage))
}
frame <- do.call(rbind, rows)
for (name in c("information", "critical", "spent", "power", "stop"))
  frame[[name]] <- format(frame[[name]], digits = 15, trim = TRUE)
out <- file("boundaries.csv", "wb")
writeLines(paste0("# ", R.version.string, ", rpact ", packageVersion("rpact"), " - made by make_boundaries.R"), out)
write.csv(frame, out, row.names = FALSE, quote = FALSE)
close(out)
