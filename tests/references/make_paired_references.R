# Writes r_paired_values.csv: paired tables in R's own functions and two packages, for tests/inference/test_pairs.py.
# Run from this folder:   Rscript --vanilla make_paired_references.R
# Packages: PropCIs and ratesci from CRAN. R is not needed to run the tests.

suppressPackageStartupMessages({
  library(PropCIs)
  library(ratesci)
})
# both, b (first only), c (second only), neither
tables <- matrix(scan(text = "
  20 12  2 16    9 11  2  7   36 12  2  0   36 14  0  0    0 11  2 16    1  0  0  9   30  5  5 10
   0  7  0 23    0  0  6 24   53 17  8 32    4  9  1  6   12  1 13  4   80 15 32 73   43  1  0  6
  54  0  0  0    0  0  0 12    3  3  4  2   21  0  1 28    8  2  9 11  150 40 22 88", quiet = TRUE),
  ncol = 4, byrow = TRUE, dimnames = list(NULL, c("both", "b", "c", "neither")))

row <- function(t) {
  a <- t[["both"]]; b <- t[["b"]]; c <- t[["c"]]; d <- t[["neither"]]; n <- sum(t)
  square <- matrix(c(a, c, b, d), 2)
  p <- function(correct) if (b + c == 0) NA else mcnemar.test(square, correct = correct)$p.value
  exact <- if (b + c == 0) list(p.value = NA, conf.int = c(NA, NA)) else binom.test(b, b + c)
  odds <- exact$conf.int / (1 - exact$conf.int)
  ends <- function(level) {
    # PropCIs speaks of the second rate less the first, and stops its search at 1e-7.
    tango <- PropCIs::scoreci.mp(c, b, n, level)$conf.int
    newcombe <- ratesci::pairbinci(as.numeric(c(a, b, c, d)), level = level, contrast = "RD", method = "MOVER_newc",
                                   moverbase = "wilson", precis = 12)$estimates
    score <- ratesci::pairbinci(as.numeric(c(a, b, c, d)), level = level, contrast = "RD", method = "Score_closed", skew = FALSE, bcf = FALSE,
                                precis = 12)$estimates
    c(tango[1:2], score[1, c("lower", "upper")], newcombe[1, c("lower", "upper")])
  }
  kinds <- c("propcis_tango", "ratesci_tango", "ratesci_newcombe")
  values <- c(t, p(FALSE), p(TRUE), exact$p.value, odds, ends(0.95), ends(0.90))
  names(values) <- c(names(t), "mcnemar", "mcnemar_corrected", "exact", "odds_low", "odds_high",
                     paste0(rep(kinds, each = 2), c("_low", "_high"), "_95"),
                     paste0(rep(kinds, each = 2), c("_low", "_high"), "_90"))
  values
}
found <- as.data.frame(do.call(rbind, apply(tables, 1, row, simplify = FALSE)))
file <- file("r_paired_values.csv", "w")
writeLines(c(
  paste("#", R.version.string, "- made by make_paired_references.R"),
  paste0("# with PropCIs ", packageVersion("PropCIs"), ", ratesci ", packageVersion("ratesci"))), file)
found[] <- lapply(found, function(column) ifelse(is.na(column), "", sprintf("%.17g", column)))
write.csv(found, file, row.names = FALSE, quote = FALSE)
close(file)
