# Writes adjusted_values.csv: what R says about two arms compared with covariates, for tests/inference/test_adjusted.py to
# read. Run from this folder:   Rscript --vanilla make_adjusted_references.R
# glm comes with R, sandwich and lmtest as in Debian, logistf from CRAN (built without formula.tools, of which it takes one
# function that names the variables of a formula). R is not needed to run the tests.
#
# Standardisation and its delta method are written out by hand from their definition (Ge et al. 2011).

Sys.setenv(TZ = "UTC")
suppressPackageStartupMessages({
  library(sandwich)
  library(lmtest)
  library(logistf)
})

# Patients by rule, so that any language makes the same ones.
by_rule <- function(n) {
  i <- seq_len(n)
  arm <- i %% 2
  age <- 20 + (i * 37) %% 45
  site <- c("north", "south", "west")[(i * 7) %% 5 %% 3 + 1]
  y <- as.numeric((i * i * 13 + i * 5) %% 17 < 5 + 3 * arm + (age > 45) * 2)
  data.frame(y, arm, age, site)
}
migraine <- data.frame(
  y = rep(c(1, 0), 4), arm = rep(c(1, 1, 0, 0), 2), site = rep(c("female", "male"), each = 4)
)[rep(1:8, c(16, 11, 5, 20, 12, 16, 7, 19)), ]
# Everybody of the site in the north responds: the maximum-likelihood estimate of its coefficient is infinite.
separated <- transform(by_rule(40), y = ifelse(site == "north", 1, y))
# All of the first arm respond, and not all of the second: the effect itself is infinite.
all_of_one_arm <- transform(by_rule(30), y = ifelse(arm == 1, 1, y))
cases <- list(
  migraine = list(migraine, y ~ arm + site),
  no_covariates = list(migraine, y ~ arm),
  sixty = list(by_rule(60), y ~ arm + age + site),
  three_hundred = list(by_rule(300), y ~ arm + age + site),
  separated = list(separated, y ~ arm + age + site),
  all_of_one_arm = list(all_of_one_arm, y ~ arm + age)
)

rows <- list()
put <- function(case, names, values) {
  rows[[length(rows) + 1]] <<- data.frame(case = case, quantity = names, value = as.numeric(values))
}
tight <- logistf.control(maxit = 5000, maxstep = 5, lconv = 1e-12, gconv = 1e-12, xconv = 1e-12)
tight_profile <- logistpl.control(maxit = 5000, maxstep = 5, lconv = 1e-10, xconv = 1e-10)
ends <- c("_estimate", "_low", "_high")
z <- qnorm(0.975)

for (case in names(cases)) {
  data <- cases[[case]][[1]]
  formula <- cases[[case]][[2]]
  firth <- case %in% c("separated", "all_of_one_arm")
  penalised <- logistf(formula, data = data, firth = firth, pl = TRUE, control = tight, plcontrol = tight_profile)
  k <- which(names(coef(penalised)) == "arm")
  put(case, c(paste0("profile_likelihood", ends), "profile_likelihood_p"),
      c(exp(c(coef(penalised)[k], penalised$ci.lower[k], penalised$ci.upper[k])), penalised$prob[k]))
  if (firth) {
    beta <- coef(penalised)
  } else {
    fit <- glm(formula, binomial, data, control = glm.control(epsilon = 1e-14, maxit = 100))
    beta <- coef(fit)
  }
  x <- model.matrix(formula, data)
  p <- plogis(drop(x %*% beta))
  v <- solve(t(x) %*% (x * p * (1 - p)))
  se <- sqrt(v["arm", "arm"])
  put(case, c(paste0("logistic", ends), "logistic_p"),
      c(exp(beta["arm"] + c(0, -1, 1) * z * se), 2 * pnorm(-abs(beta["arm"] / se))))
  # glm keeps the weights of the step before the last: its covariance is right to fewer digits.
  if (!firth) stopifnot(all.equal(v, vcov(fit), tolerance = 1e-5))
  x1 <- x0 <- x
  x1[, "arm"] <- 1
  x0[, "arm"] <- 0
  q1 <- plogis(drop(x1 %*% beta))
  q0 <- plogis(drop(x0 %*% beta))
  g1 <- colMeans(q1 * (1 - q1) * x1)
  g0 <- colMeans(q0 * (1 - q0) * x0)
  put(case, c("rate_first", "rate_second"), c(mean(q1), mean(q0)))
  difference <- mean(q1) - mean(q0)
  effect <- function(name, value, error, show = identity) {
    put(case, c(paste0(name, ends), paste0(name, "_p")), c(show(value + c(0, -1, 1) * z * error), 2 * pnorm(-abs(value / error))))
  }
  effect("standardised", difference, sqrt(drop((g1 - g0) %*% v %*% (g1 - g0))))
  robust <- v %*% crossprod(x * (data$y - p)) %*% v
  if (!firth) stopifnot(all.equal(robust, sandwich(fit), tolerance = 1e-5))
  effect("standardised_robust", difference, sqrt(drop((g1 - g0) %*% robust %*% (g1 - g0))))
  g <- g1 / mean(q1) - g0 / mean(q0)
  effect("standardised_ratio", log(mean(q1) / mean(q0)), sqrt(drop(g %*% v %*% g)), exp)
  linear <- lm(formula, data)
  for (type in c("HC0", "HC1", "HC2", "HC3")) {
    covariance <- vcovHC(linear, type = type)
    test <- coeftest(linear, vcov. = covariance)["arm", ]
    interval <- coefci(linear, "arm", vcov. = covariance)
    put(case, paste0("linear_", tolower(type), c(ends, "_p")), c(test[1], interval, test[4]))
  }
}
frame <- do.call(rbind, rows)
frame$value <- formatC(frame$value, digits = 15, format = "g", width = 1)
out <- file("adjusted_values.csv", "w")
writeLines(c(
  paste0("# ", R.version.string, " - made by make_adjusted_references.R on ", Sys.Date()),
  paste0("# with sandwich ", packageVersion("sandwich"), ", lmtest ", packageVersion("lmtest"), ", logistf ",
         packageVersion("logistf")),
  "case,quantity,value"), out)
write.table(frame, out, sep = ",", row.names = FALSE, col.names = FALSE, quote = FALSE)
close(out)
