# Writes r_twin_values.csv: p-values under the names that R gives to tests of the registry, for
# tests/inference/test_twins.py to compare. Run from this folder:   Rscript --vanilla make_twin_references.R
# Packages as in Debian: r-cran-sandwich r-cran-lmtest r-cran-coin. R is not needed to run the tests.

suppressPackageStartupMessages({
  library(sandwich)
  library(lmtest)
  library(coin)
})
tables <- matrix(scan(text = "
  16 29  9 30    19 29 11 30    7 13  2 12    8 13  3 12    3  7 15 20   14 31  2 17   33 57 20 61
  18 31 15 66     5 12  4  5    1 10  9 12    9 30  8 30    2  3  1  4   60 120 44 118  12 40 25 38", quiet = TRUE),
  ncol = 4, byrow = TRUE, dimnames = list(NULL, c("x1", "n1", "x2", "n2")))

row <- function(t) {
  f <- c(t[["n1"]] - t[["x1"]], t[["n2"]] - t[["x2"]])
  arm <- rep(c(1, 0), c(t[["n1"]], t[["n2"]]))
  response <- rep(c(1, 0, 1, 0), c(t[["x1"]], f[1], t[["x2"]], f[2]))
  square <- matrix(c(t[["x1"]], t[["x2"]], f), 2)
  model <- lm(response ~ arm)
  robust <- function(type, df = NULL) coeftest(model, vcov = vcovHC(model, type = type), df = df)[2, 4]
  binomial_p <- function(link) summary(glm(response ~ arm, binomial(link), start = if (link == "log") c(-1, 0),
    control = glm.control(epsilon = 1e-14, maxit = 100)))$coefficients[2, 4]
  quietly <- function(expr) tryCatch(suppressWarnings(expr), error = function(e) NA)
  c(t,
    pearson.chisq.test = quietly(chisq.test(square, correct = FALSE)$p.value),
    pearson.prop.test = quietly(prop.test(c(t[["x1"]], t[["x2"]]), c(t[["n1"]], t[["n2"]]), correct = FALSE)$p.value),
    n_minus_1.kruskal.test = kruskal.test(response ~ arm)$p.value,
    pearson.coin = as.numeric(pvalue(chisq_test(factor(response) ~ factor(arm)))),
    n_minus_1.coin = as.numeric(pvalue(independence_test(response ~ arm))),
    yates.chisq.test = quietly(chisq.test(square)$p.value),
    likelihood_ratio.anova = anova(glm(response ~ arm, binomial), test = "LRT")[2, "Pr(>Chi)"],
    wald_unpooled.hc0 = robust("HC0", Inf),
    log_odds_wald.glm = quietly(binomial_p("logit")),
    log_risk_ratio_wald.glm = quietly(binomial_p("log")),
    student_t.t.test = t.test(response ~ arm, var.equal = TRUE)$p.value,
    student_t.aov = summary(aov(response ~ arm))[[1]][1, "Pr(>F)"],
    student_t.cor.test = cor.test(response, arm)$p.value,
    student_t.lm = summary(model)$coefficients[2, 4],
    welch_t.t.test = t.test(response ~ arm)$p.value,
    welch_t.oneway.test = oneway.test(response ~ arm)$p.value,
    ols_hc1.vcovHC = robust("HC1"), ols_hc2.vcovHC = robust("HC2"), ols_hc3.vcovHC = robust("HC3"),
    mann_whitney.wilcox.test = quietly(wilcox.test(response ~ arm, exact = FALSE)$p.value),
    fisher.fisher.test = fisher.test(square)$p.value)
}
found <- as.data.frame(do.call(rbind, apply(tables, 1, row, simplify = FALSE)))
file <- file("r_twin_values.csv", "w")
writeLines(c(
  paste("#", R.version.string, "- made by make_twin_references.R"),
  paste0("# with sandwich ", packageVersion("sandwich"), ", lmtest ", packageVersion("lmtest"), ", coin ", packageVersion("coin"))), file)
found[] <- lapply(found, function(column) ifelse(is.na(column), "", sprintf("%.17g", column)))
write.csv(found, file, row.names = FALSE, quote = FALSE)
close(file)
