# Writes stratified_values.csv: what R says about two arms compared within strata, for tests/inference/test_stratified.py
# to read. Run from this folder:   Rscript --vanilla make_stratified_references.R
# mantelhaen.test comes with R, epiR as in Debian (r-cran-epir), ratesci from CRAN. R is not needed to run the tests.
#
# Written out by hand, since none of these packages has them: Tarone's correction of the Breslow-Day statistic (Tarone
# 1985), Klingenberg's interval (2014) and Yan and Su's stratified Newcombe interval (2010), each from its formula.

Sys.setenv(TZ = "UTC")
suppressPackageStartupMessages({
  library(epiR)
  library(ratesci)
})

strata <- function(text) matrix(scan(text = text, quiet = TRUE), ncol = 4, byrow = TRUE)  # x1 n1 x2 n2, one row a stratum
cases <- list(
  # SAS/STAT User's Guide, PROC FREQ, example "Cochran-Mantel-Haenszel Statistics": women, men.
  migraine = strata("16 27 5 25  12 28 7 26"),
  three_with_a_zero = strata("0 10 3 12  5 15 9 14  2 8 2 9"),
  nobody_responds_in_one = strata("0 12 0 10  7 20 2 19  4 9 1 11"),
  everybody_responds_in_one = strata("6 6 5 5  10 21 4 22  3 12 5 10"),
  nobody_in_one_everybody_in_another = strata("0 7 0 4  8 8 5 5  9 18 3 17  5 11 4 12"),
  # Hartung and Knapp's 13 trials, as in the documentation of ratesci.
  thirteen_trials = cbind(
    c(15, 12, 29, 42, 14, 44, 14, 29, 10, 17, 38, 19, 21), c(16, 16, 34, 56, 22, 54, 17, 58, 14, 26, 44, 29, 38),
    c(9, 1, 18, 31, 6, 17, 7, 23, 3, 6, 12, 22, 19), c(16, 16, 34, 56, 22, 55, 15, 58, 15, 27, 45, 30, 38)),
  small_strata = strata("1 1 0 1  1 2 0 1  0 1 1 2  2 2 0 1  1 1 1 2  0 2 1 1  2 3 0 2  1 2 1 3"),
  two_to_one = strata("30 80 9 41  22 60 12 30  5 33 3 15"),
  worse = strata("2 25 11 24  3 30 14 31  1 9 2 10"),
  alike = strata("8 20 8 20  5 10 10 20"),
  opposite = strata("14 20 4 20  5 21 15 22"),
  nobody_in_the_second_arm = strata("3 10 0 11  2 9 0 8"),
  one_stratum = strata("16 29 9 30"),
  large = strata("120 240 96 230  60 120 44 118  210 400 180 390")
)

breslow_day_tarone <- function(x1, n1, x2, n2) {
  keep <- x1 + x2 > 0 & x1 + x2 < n1 + n2
  x1 <- x1[keep]; n1 <- n1[keep]; x2 <- x2[keep]; n2 <- n2[keep]
  total <- n1 + n2
  common <- sum(x1 * (n2 - x2) / total) / sum(x2 * (n1 - x1) / total)
  mean_given <- mapply(function(m, n, s) {
    gap <- function(a) a * (n - s + a) - common * (m - a) * (s - a)
    uniroot(gap, c(max(0, s - n), min(m, s)), tol = 1e-14)$root
  }, n1, n2, x1 + x2)
  s <- x1 + x2
  v <- 1 / (1 / mean_given + 1 / (s - mean_given) + 1 / (n1 - mean_given) + 1 / (n2 - s + mean_given))
  statistic <- sum((x1 - mean_given)^2 / v) - sum(x1 - mean_given)^2 / sum(v)
  c(statistic, pchisq(statistic, length(x1) - 1, lower.tail = FALSE))
}

klingenberg <- function(x1, n1, x2, n2, level) {
  total <- n1 + n2
  w <- n1 * n2 / total
  d <- sum(w * (x1 / n1 - x2 / n2)) / sum(w)
  p <- sum((n1^2 * x2 - n2^2 * x1 + n1 * n2 * (n2 - n1) / 2) / total^2)
  q <- sum((x1 * (n2 - x2) + x2 * (n1 - x1)) / (2 * total))
  z <- qnorm(0.5 + level / 2)
  inside <- function(delta) (d - delta)^2 - z^2 * (delta * p + q) / sum(w)^2
  c(uniroot(inside, c(d - 3, d), tol = 1e-14)$root, uniroot(inside, c(d, d + 3), tol = 1e-14)$root)
}

newcombe <- function(x1, n1, x2, n2, level, w) {
  w <- w / sum(w)
  z <- qnorm(0.5 + level / 2)
  limits <- function(x, n) {
    p <- x / n
    v <- p * (1 - p) / n
    zs <- z * sqrt(sum(w^2 * v)) / sum(w * sqrt(v))
    centre <- (p + zs^2 / (2 * n)) / (1 + zs^2 / n)
    half <- zs * sqrt(p * (1 - p) / n + zs^2 / (4 * n^2)) / (1 + zs^2 / n)
    c(sum(w * (centre - half)), sum(w * (centre + half)))
  }
  one <- limits(x1, n1)
  two <- limits(x2, n2)
  d <- sum(w * (x1 / n1 - x2 / n2))
  l1 <- sum(w^2 / n1)
  l2 <- sum(w^2 / n2)
  c(d, d - z * sqrt(l1 * one[1] * (1 - one[1]) + l2 * two[2] * (1 - two[2])),
    d + z * sqrt(l1 * one[2] * (1 - one[2]) + l2 * two[1] * (1 - two[1])))
}

rows <- list()
put <- function(case, level, names, values) {
  for (i in seq_along(names)) {
    rows[[length(rows) + 1]] <<- data.frame(case = case, level = level, quantity = names[i], value = as.numeric(values[i]))
  }
}
attempt <- function(expr, length) tryCatch(suppressWarnings(expr), error = function(e) rep(NA_real_, length))

for (case in names(cases)) {
  t <- cases[[case]]
  x1 <- t[, 1]; n1 <- t[, 2]; x2 <- t[, 3]; n2 <- t[, 4]
  cube <- array(rbind(x1, x2, n1 - x1, n2 - x2), c(2, 2, nrow(t)))
  put(case, NA, paste0(c("x1_", "n1_", "x2_", "n2_"), rep(seq_len(nrow(t)), each = 4)), t(t))
  for (correct in c(FALSE, TRUE)) {
    for (side in c("two.sided", "greater", "less")) {
      found <- attempt({
        m <- mantelhaen.test(cube, correct = correct, alternative = side)
        c(m$statistic, m$p.value)
      }, 2)
      put(case, NA, paste0(c("cmh_statistic_", "cmh_p_"), correct, "_", side), found)
    }
  }
  for (side in c("two.sided", "greater", "less")) {
    m <- attempt(mantelhaen.test(cube, exact = TRUE, alternative = side)$p.value, 1)
    put(case, NA, paste0("exact_p_", side), m)
  }
  put(case, NA, c("tarone_statistic", "tarone_p"), attempt(breslow_day_tarone(x1, n1, x2, n2), 2))
  for (level in c(0.90, 0.95)) {
    ends <- c("_estimate", "_low", "_high")
    exact <- attempt({
      m <- mantelhaen.test(cube, exact = TRUE, conf.level = level)
      c(m$estimate, m$conf.int)
    }, 3)
    put(case, level, paste0("conditional_exact", ends), exact)
    epi <- tryCatch(suppressWarnings(epi.2by2(cube, method = "cohort.count", digits = 4, conf.level = level)),
                    error = function(e) NULL)
    pick <- function(name, scale = 1) {
      if (is.null(epi) || is.null(epi$massoc.detail[[name]])) return(rep(NA_real_, 3))
      unlist(epi$massoc.detail[[name]])[1:3] / scale
    }
    put(case, level, paste0("mantel_haenszel", ends), pick("OR.mh.wald"))
    put(case, level, paste0("mantel_haenszel_risk_ratio", ends), pick("RR.mh.wald"))
    put(case, level, paste0("sato", ends), pick("ARisk.mh.sato", 100))
    put(case, level, paste0("greenland_robins", ends), pick("ARisk.mh.green", 100))
    for (weights in c("MH", "INV")) {
      name <- if (weights == "MH") "cmh" else "inverse_variance"
      s <- scoreci(x1, n1, x2, n2, contrast = "RD", skew = FALSE, stratified = TRUE, weighting = weights, level = level,
                   precis = 9, warn = FALSE)
      put(case, level, paste0("miettinen_nurminen_", name, ends), s$estimates[1, c("est", "lower", "upper")])
      put(case, level, paste0("miettinen_nurminen_", name, "_p"), s$pval[1, "pval2sided"])
    }
    put(case, level, paste0("klingenberg", ends[2:3]), attempt(klingenberg(x1, n1, x2, n2, level), 2))
    put(case, level, paste0("newcombe_cmh", ends), attempt(newcombe(x1, n1, x2, n2, level, n1 * n2 / (n1 + n2)), 3))
    v <- x1 * (n1 - x1) / n1^3 + x2 * (n2 - x2) / n2^3
    if (all(v > 0)) put(case, level, paste0("newcombe_inverse_variance", ends), newcombe(x1, n1, x2, n2, level, 1 / v))
  }
}
frame <- do.call(rbind, rows)
frame <- frame[!is.na(frame$value), ]
frame$value <- formatC(frame$value, digits = 15, format = "g", width = 1)
out <- file("stratified_values.csv", "w")
writeLines(c(
  paste0("# ", R.version.string, " - made by make_stratified_references.R on ", Sys.Date()),
  paste0("# with epiR ", packageVersion("epiR"), ", ratesci ", packageVersion("ratesci"), " - not listed: R gives no number"),
  "case,level,quantity,value"), out)
write.table(frame, out, sep = ",", row.names = FALSE, col.names = FALSE, quote = FALSE, na = "")
close(out)
