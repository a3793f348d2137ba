# Writes r_values.csv: what base R says about two-arm tables, for tests/inference/test_software.py to read.
# Run from this folder, with base R only:   Rscript --vanilla make_references.R
# R is not needed to run the tests. R's conditional odds ratio and its interval are good to about 1e-4.

tables <- matrix(scan(text = "
  16 29  9 30    19 29 11 30    7 13  2 12    16 30  9 30    17 30  9 30    27 30 29 30
  21 30 21 30    29 30 28 30     4 30  0 30    1 30  4 30     0 30  5 30    9 30  8 30
   3 30  1 30     1 30  1 30     2 29  6 30    9 29  2 30     4 29  0 30    0 29  3 30
   0 29  2 30     3 29  0 29     5 29 12 29    6 30 16 30     2 30 21 30    8 29  0 29
   5  5  0  5     3  5  2  5     1  5  4  5    0  5  1  5     2  4  2  4    4  4  1  4
   6 10  3 12     1 10  9 12    10 10  3 12    0 10  7 12     8 13  3 12   12 13  4 12
   3  7 15 20     7  7  9 20     0  7  1 20    1  7  0 20     6  7  2 20    2  3 40 50
   1  2  1 90     2  2  1 90     3 15 30 45   10 15 15 45    12 40 25 38   33 57 20 61
  50 100 38 100  47 50 40 50    60 120 44 118  5 200 14 198  0 150 6 150  99 100 93 100
 120 240 96 230  11 12  1 11    25 50 25 50   10 20 30 60    14 31  2 17", quiet = TRUE),
  ncol = 4, byrow = TRUE, dimnames = list(NULL, c("x1", "n1", "x2", "n2")))

one_table <- function(x1, n1, x2, n2) {
  cells <- matrix(c(x1, x2, n1 - x1, n2 - x2), 2)
  a <- rep(1:0, c(x1, n1 - x1))
  b <- rep(1:0, c(x2, n2 - x2))
  values <- c()
  # R stops on data without variance ("data are essentially constant"): that cell is NA.
  try_p <- function(expr) tryCatch(suppressWarnings(expr), error = function(e) NA_real_)
  for (side in c("two.sided", "greater", "less")) {
    name <- function(stem) paste(stem, sub("two.sided", "two_sided", side), sep = ".")
    values[name("fisher")] <- fisher.test(cells, alternative = side)$p.value
    values[name("prop_test")] <- try_p(prop.test(c(x1, x2), c(n1, n2), alternative = side, correct = FALSE)$p.value)
    values[name("prop_test_yates")] <- try_p(prop.test(c(x1, x2), c(n1, n2), alternative = side, correct = TRUE)$p.value)
    values[name("t_pooled")] <- try_p(t.test(a, b, alternative = side, var.equal = TRUE)$p.value)
    values[name("t_welch")] <- try_p(t.test(a, b, alternative = side)$p.value)
    values[name("wilcox")] <- try_p(wilcox.test(a, b, alternative = side, correct = TRUE, exact = FALSE)$p.value)
  }
  values["chisq_yates"] <- try_p(chisq.test(cells, correct = TRUE)$p.value)
  for (level in c(0.90, 0.95)) {
    name <- function(stem) paste(stem, round(100 * level), sep = "_")
    ends <- fisher.test(cells, conf.level = level)$conf.int
    values[name("odds_ratio_low")] <- ends[1]
    values[name("odds_ratio_high")] <- ends[2]
    ends <- try_p(prop.test(c(x1, x2), c(n1, n2), conf.level = level, correct = FALSE)$conf.int)
    values[name("wald_low")] <- ends[1]
    values[name("wald_high")] <- ends[2]
    ends <- suppressWarnings(prop.test(x1, n1, conf.level = level, correct = FALSE)$conf.int)
    values[name("wilson_low")] <- ends[1]
    values[name("wilson_high")] <- ends[2]
  }
  # Logistic regression: the Wald p-value needs four filled cells, the likelihood-ratio test does not.
  frame <- data.frame(yes = c(x1, x2), no = c(n1 - x1, n2 - x2), arm = 1:0)
  tight <- glm.control(epsilon = 1e-14, maxit = 100)
  fit <- suppressWarnings(glm(cbind(yes, no) ~ arm, binomial, frame, control = tight))
  null <- suppressWarnings(glm(cbind(yes, no) ~ 1, binomial, frame, control = tight))
  full <- all(cells > 0)
  values["logit_wald"] <- if (full) summary(fit)$coefficients["arm", "Pr(>|z|)"] else NA
  values["logit_lr"] <- if (full) pchisq(deviance(null) - deviance(fit), 1, lower.tail = FALSE) else NA
  values
}

rows <- t(apply(tables, 1, function(r) one_table(r[["x1"]], r[["n1"]], r[["x2"]], r[["n2"]])))
printed <- apply(rows, 2, function(v) ifelse(is.nan(v) | is.na(v), "", format(v, digits = 17, trim = TRUE)))
out <- file("r_values.csv", "wb")
writeLines(paste("#", R.version.string, "- made by make_references.R; an empty cell: R gives no number"), out)
writeLines(paste(c(colnames(tables), colnames(rows)), collapse = ","), out)
writeLines(apply(cbind(tables, printed), 1, function(r) paste(trimws(r), collapse = ",")), out)
close(out)
