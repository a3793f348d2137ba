# Writes r_margins.csv: what two R packages say about tests of a difference of response rates other than 0, for
# tests/inference/test_shifted.py to read. Run from this folder:   Rscript --vanilla make_margins_references.R
# Packages from CRAN: Exact, ratesci. R is not needed to run the tests.
# ratesci: scoreci(skew = FALSE), the score test with (bcf = TRUE: Miettinen-Nurminen) and without (Farrington-Manning)
# the factor N/(N - 1). Exact: exact.test(method = "z-pooled"), tables ordered by the Farrington-Manning statistic, the
# supremum sought on 100 points and between the two beside the highest.

Sys.setenv(TZ = "UTC")
suppressPackageStartupMessages({
  library(Exact)
  library(ratesci)
})

tables <- matrix(scan(text = "
  16 29  9 30  0.1    16 29  9 30 -0.1    19 29 11 30  0.05   83 88 69 76 -0.1    24 30 25 30 -0.2
  12 13 11 12 -0.15    7 13  2 12  0.2     3  7 15 20  0.1     0 10  7 12 -0.3     9  9  4 11  0.25
   5  5  0  6  0.4     0 10  0 12 -0.1    10 10 12 12 -0.1     1  5  4  5 -0.05   40 50 42 50 -0.15
   2 15  0 10 -0.12   68 100 58 100 0.02", quiet = TRUE),
  ncol = 5, byrow = TRUE, dimnames = list(NULL, c("x1", "n1", "x2", "n2", "difference")))

one <- function(row) {
  x1 <- row[["x1"]]; n1 <- row[["n1"]]; x2 <- row[["x2"]]; n2 <- row[["n2"]]; d <- row[["difference"]]
  right <- function(bcf) {
    found <- scoreci(x1, n1, x2, n2, contrast = "RD", skew = FALSE, bcf = bcf, theta0 = d, warn = FALSE)
    unname(found$pval[1, "pval_right"])
  }
  exact <- function(alternative) {
    data <- matrix(c(x1, n1 - x1, x2, n2 - x2), 2, byrow = TRUE)
    exact.test(data, alternative = alternative, method = "z-pooled", delta = d, to.plot = FALSE)$p.value
  }
  c(row, farrington_manning = right(FALSE), miettinen_nurminen = right(TRUE), exact_greater = exact("greater"),
    exact_less = exact("less"), exact_two_sided = exact("two.sided"))
}

found <- as.data.frame(t(apply(tables, 1, one)))
file <- "r_margins.csv"
versions <- paste(sapply(c("Exact", "ratesci"), function(p) paste(p, packageVersion(p))), collapse = ", ")
writeLines(c(paste0("# ", R.version.string, " - made by make_margins_references.R"), paste("# with", versions)), file)
suppressWarnings(write.table(format(found, digits = 17, trim = TRUE), file, append = TRUE, sep = ",", quote = FALSE,
  row.names = FALSE))
