# Writes r_more_values.csv: what four R packages say about two-arm tables and about alpha spending, for
# tests/inference/test_r_packages.py to read. Run from this folder:   Rscript --vanilla make_more_references.R
# Packages as in Debian: r-cran-epitools r-cran-epir r-cran-coin r-cran-rpact. R is not needed to run the tests.

Sys.setenv(TZ = "UTC")
suppressPackageStartupMessages({
  library(epitools)
  library(epiR)
  library(coin)
  library(rpact)
})
invisible(setLogLevel("DISABLED"))

tables <- matrix(scan(text = "
  16 29  9 30    19 29 11 30    16 30  9 30    21 30 21 30    29 30 28 30     9 30  8 30
   4 30  0 30     0 30  5 30     1 30  1 30     2 29  6 30     0 29  2 30     7 13  2 12
   8 13  3 12    12 13  4 12     1  5  4  5     4  4  1  4     5  5  0  6     9  9  4 11
   0 10  7 12     6 10  3 12     1 10  9 12     3  7 15 20     7  7  9 20    14 31  2 17
   3 15 30 45     1  2  1 90    33 57 20 61    12 40 25 38    50 100 38 100  99 100 93 100
  60 120 44 118  5 200 14 198  120 240 96 230  30 30 25 31    25 31 30 30    16 30  2 15
  11 30  1 15     8  8  7 12", quiet = TRUE),
  ncol = 4, byrow = TRUE, dimnames = list(NULL, c("x1", "n1", "x2", "n2")))
levels_of_confidence <- c(0.90, 0.95)
differences <- c(-0.2, 0.1, 0.35)

quietly <- function(expr) suppressWarnings(suppressMessages(expr))
# A function that stops (a root search without a root, an acos past 1) gives no number: NA.
try_ends <- function(expr) tryCatch(quietly(expr), error = function(e) c(NA_real_, NA_real_))

# Limits of epitools' mid-p test. or.midp searches them too, but stops at 1e-4; here the search goes on.
tight_midp <- function(x1, n1, x2, n2, level) {
  excess <- function(log_or) {
    ormidp.test(x1, n1 - x1, x2, n2 - x2, or = exp(log_or))$two.sided - (1 - level)
  }
  middle <- log((x1 + 0.5) * (n2 - x2 + 0.5) / ((n1 - x1 + 0.5) * (x2 + 0.5)))
  root <- function(from, to) uniroot(excess, c(from, to), tol = 1e-14, maxiter = 1000)$root
  low <- if (x1 > 0 && x2 < n2) exp(root(-12, middle)) else NA
  high <- if (x1 < n1 && x2 > 0) exp(root(middle, 12)) else NA
  c(low, high)
}

one_table <- function(x1, n1, x2, n2) {
  f1 <- n1 - x1
  f2 <- n2 - x2
  values <- c()
  ends <- function(stem, level, two) {
    values[paste0(stem, c("_low_", "_high_"), round(100 * level))] <<- as.numeric(two)
  }

  # epitools: the reference arm and "no" come first.
  reference_first <- matrix(c(f2, f1, x2, x1), 2)
  values["epitools_midp"] <- ormidp.test(x1, f1, x2, f2)$two.sided
  values["epitools_midp_smaller_side"] <- ormidp.test(x1, f1, x2, f2)$one.sided
  # epiR: the treated arm and "yes" come first.
  cells <- matrix(c(x1, x2, f1, f2), 2)
  for (level in levels_of_confidence) {
    ends("epitools_or_midp", level, try_ends(or.midp(c(x1, f1, x2, f2), conf.level = level)$conf.int))
    ends("epitools_midp_limit", level, try_ends(tight_midp(x1, n1, x2, n2, level)))
    measure <- function(f) try_ends(f(reference_first, conf.level = level)$measure[2, c("lower", "upper")])
    ends("epitools_oddsratio_wald", level, measure(oddsratio.wald))
    ends("epitools_riskratio_wald", level, measure(riskratio.wald))
    ends("epitools_binom_exact", level, binom.exact(x1, n1, level)[c("lower", "upper")])
    ends("epitools_binom_wilson", level, binom.wilson(x1, n1, level)[c("lower", "upper")])
    detail <- function(dat, name) {
      found <- epi.2by2(as.table(dat), method = "cohort.count", conf.level = level, units = 1)$massoc.detail[[name]]
      found[c("lower", "upper")]
    }
    ends("epir_riskratio_wald", level, try_ends(detail(cells, "RR.strata.wald")))
    ends("epir_difference_wald", level, try_ends(detail(cells, "ARisk.strata.wald")))
    ends("epir_difference_score", level, try_ends(detail(cells, "ARisk.strata.score")))
    # This version reads the table by columns for the score interval of the ratio (and its estimate): it needs the
    # transposed table to speak about these arms. The estimate of the table as it stands is kept to show that.
    ends("epir_riskratio_score", level, try_ends(detail(t(cells), "RR.strata.score")))
    ends("epir_newcombe", level, epi.conf(matrix(c(x1, f1, x2, f2), 1), "prop.unpaired", conf.level = level)[3:4])
    one <- epi.conf(matrix(c(x1, n1), 1), "prevalence", method = "jeffreys", conf.level = level)
    ends("epir_jeffreys", level, one[c("lower", "upper")])
    # rpact, one stage: the interval from the restricted rates of Farrington and Manning.
    stage <- getDesignGroupSequential(kMax = 1, alpha = (1 - level) / 2, sided = 1)
    data <- getDataset(n1 = n1, n2 = n2, events1 = x1, events2 = x2)
    ends("rpact_difference", level, try_ends(getRepeatedConfidenceIntervals(
      stage, data, normalApproximation = TRUE, directionUpper = TRUE, tolerance = 1e-12)[, 1]))
  }
  values["epir_score_ratio_as_it_stands"] <- tryCatch(
    quietly(epi.2by2(as.table(cells), method = "cohort.count")$massoc.detail$RR.strata.score$est),
    error = function(e) NA_real_)

  # coin: T is the number of responders in the first arm.
  patients <- data.frame(
    y = rep(c(1, 0, 1, 0), c(x1, f1, x2, f2)),
    arm = factor(rep(c("a", "b"), c(n1, n2))))
  patients$yes <- factor(patients$y)
  values["coin_chisq"] <- as.numeric(pvalue(chisq_test(yes ~ arm, patients)))
  values["coin_cmh"] <- as.numeric(pvalue(cmh_test(yes ~ arm, patients)))
  for (side in c("two.sided", "greater", "less")) {
    name <- function(stem) paste(stem, sub("two.sided", "two_sided", side), sep = ".")
    ask <- function(...) independence_test(y ~ arm, patients, alternative = side, ...)
    values[name("coin_asymptotic")] <- as.numeric(pvalue(ask()))
    exact <- ask(distribution = exact())
    values[name("coin_exact")] <- as.numeric(pvalue(exact))
    values[name("coin_midp")] <- as.numeric(midpvalue(exact))
  }

  # rpact: one-sided p of "the first rate is larger", with pooled or restricted rates, and by Fisher.
  upper <- function(normal, null) quietly(getStageResults(
    stage, data, normalApproximation = normal, directionUpper = TRUE, thetaH0 = null)$overallPValues[1])
  values["rpact_score"] <- upper(TRUE, 0)
  values["rpact_fisher"] <- upper(FALSE, 0)
  for (d in differences) values[paste0("rpact_score_at_", d)] <- upper(TRUE, d)
  values
}

# Designs with two looks: information i at the first is a correlation of sqrt(i) between the looks.
designs <- expand.grid(rho = c(0.3, 0.5, sqrt(0.5), 0.9), alpha = c(0.01, 0.025, 0.05, 0.1))[, 2:1]

one_design <- function(alpha, rho) {
  half <- c(0.5, 1)
  # 1e-10 is the smallest tolerance that rpact takes.
  design <- function(...) quietly(getDesignGroupSequential(kMax = 2, tolerance = 1e-10, ...))
  spending <- function(sided) {
    design(typeOfDesign = "asOF", alpha = alpha, sided = sided, informationRates = half)$alphaSpent[1]
  }
  both_sides <- spending(2)
  # The second level for that spending, both tails, at any correlation.
  two_tails <- design(
    typeOfDesign = "asUser", userAlphaSpending = c(both_sides, alpha), alpha = alpha, sided = 2,
    informationRates = c(rho^2, 1))
  c(rpact_spent_one_sided = spending(1), rpact_spent_two_sided = both_sides,
    rpact_first_level = 2 * two_tails$stageLevels[1], rpact_second_level = 2 * two_tails$stageLevels[2])
}

rows <- t(apply(tables, 1, function(r) one_table(r[["x1"]], r[["n1"]], r[["x2"]], r[["n2"]])))
looks <- t(apply(designs, 1, function(r) one_design(r[["alpha"]], r[["rho"]])))
digits <- function(v) ifelse(is.nan(v) | is.na(v), "", format(v, digits = 17, trim = TRUE))
above <- cbind(tables, apply(rows, 2, digits))
below <- cbind(apply(as.matrix(designs), 2, digits), apply(looks, 2, digits))
filled <- rbind(
  cbind(above, matrix("", nrow(above), ncol(below))),
  cbind(matrix("", nrow(below), ncol(above)), below))
versions <- sapply(c("epitools", "epiR", "coin", "rpact"), function(p) paste(p, packageVersion(p)))
out <- file("r_more_values.csv", "wb")
writeLines(paste("#", R.version.string, "- made by make_more_references.R on", Sys.Date()), out)
writeLines(paste("# with", paste(versions, collapse = ", "), "- an empty cell: R gives no number"), out)
writeLines(paste(c(colnames(above), colnames(below)), collapse = ","), out)
writeLines(apply(filled, 1, function(r) paste(trimws(r), collapse = ",")), out)
close(out)
