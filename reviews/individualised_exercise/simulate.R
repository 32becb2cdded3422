# Makes the tables of this folder: 26 invented trials of individualised exercise, so that the review's plan can be run,
# taught and tested. No value comes from a real trial. Rscript simulate.R rewrites the same files.
set.seed(20211216)
k <- 26
id <- sprintf("T%02d", 1:k)
studies <- data.frame(
  study_id = id, author = sprintf("Trial %02d", 1:k), year = sort(sample(1995:2021, k, TRUE)),
  mean_age = round(rnorm(k, 45, 5), 1), pct_female = round(rnorm(k, 56, 7), 1),
  weeks = sample(c(4, 6, 8, 8, 10, 12, 12, 16, 24), k, TRUE),
  exercise_type = sample(c("mixed", "smt", "mckenzie", "aerobic", "yoga", "pilates"), k, TRUE, c(8, 7, 3, 3, 2, 1)),
  psych = sample(c("none", "cbt", "bt", "other"), k, TRUE, c(10, 5, 3, 6)),
  lbp_12wk = rbinom(k, 1, .8), multimodal = rbinom(k, 1, .4))
words <- c("low", "some", "high")
rob <- t(sapply(1:k, function(i) sample(words, 5, TRUE, c(5, 4, 2))))
overall <- apply(rob, 1, function(x) if (any(x == "high") || sum(x == "some") > 3) "high" else if (any(x == "some")) "some" else "low")
risk <- data.frame(study_id = id, D1 = rob[, 1], D2 = rob[, 2], D3 = rob[, 3], D4 = rob[, 4], D5 = rob[, 5], overall = overall)
arms <- outcomes <- events <- NULL
instruments <- list(pain = list(c("NRS10", 0, 10), c("VAS100", 0, 100)), disability = list(c("RMDQ", 0, 24), c("ODI", 0, 100)))
for (i in 1:k) {
  roles <- c("individualised", sample(c("active", "passive"), 1, prob = c(.65, .35)))
  if (runif(1) < .25) roles <- c("individualised", "active", "passive")
  true_effect <- rnorm(1, -.35, .2)
  n0 <- sample(20:110, 1)
  names <- sprintf("A%d", seq_along(roles))
  arms <- rbind(arms, data.frame(study_id = id[i], arm = names, role = roles, matched = as.integer(roles != "individualised") * rbinom(1, 1, .3),
                                 true_control = as.integer(roles == "passive") * rbinom(1, 1, .3), n_randomised = n0 + sample(0:4, length(roles), TRUE)))
  if (runif(1) < .5) {
    e <- rpois(length(roles), 3)
    events <- rbind(events, data.frame(study_id = id[i], arm = names, events = e, related = rbinom(length(roles), e, .25), serious = rbinom(length(roles), e, .05)))
  }
  for (o in c("pain", "disability")) {
    tool <- instruments[[o]][[sample(2, 1)]]
    low <- as.numeric(tool[2]); high <- as.numeric(tool[3]); range <- high - low
    form <- sample(c("full", "finals", "se", "ci", "sd"), 1, prob = c(4, 5, 2, 1, 2))
    weeks <- c(0, sample(c(6, 8, 12, 12, 24), 1), if (runif(1) < .5) sample(c(39, 52, 52), 1))
    for (a in seq_along(roles)) {
      n <- n0 + sample(0:3, 1)
      base <- rnorm(1, .48, .03) * range
      sd0 <- range * runif(1, .17, .23)
      for (w in weeks) {
        nw <- if (w == 0) n else max(8, round(n * runif(1, .82, .98)))
        gain <- if (w == 0) 0 else -range * (.12 + .02 * rnorm(1)) + (if (roles[a] == "individualised") true_effect * .17 * range * (if (w > 26) .5 else 1) else 0)
        sd1 <- if (w == 0) sd0 else sd0 * runif(1, .9, 1.1)
        sdc <- sqrt(sd0^2 + sd1^2 - 2 * .52 * sd0 * sd1) * runif(1, .95, 1.05)
        d <- if (range > 30) 1 else 2
        row <- data.frame(study_id = id[i], arm = names[a], outcome = o, instrument = tool[1], scale_min = low, scale_max = high, higher_is_worse = 1, week = w, n = nw,
                          mean = NA, sd = NA, median = NA, q1 = NA, q3 = NA, change_mean = NA, change_sd = NA, change_se = NA, change_ci_lb = NA, change_ci_ub = NA)
        if (w == 0 || form %in% c("full", "finals")) { row$mean <- round(base + gain, d); row$sd <- round(sd1, d) }
        if (w > 0 && form != "finals") row$change_mean <- round(gain, d)
        if (w > 0 && form %in% c("full", "sd")) row$change_sd <- round(sdc, d)
        if (w > 0 && form == "se") row$change_se <- round(sdc / sqrt(nw), d + 1)
        if (w > 0 && form == "ci") { q <- if (nw < 60) qt(.975, nw - 1) else 1.96
          row$change_ci_lb <- round(gain - q * sdc / sqrt(nw), d + 1); row$change_ci_ub <- round(gain + q * sdc / sqrt(nw), d + 1) }
        outcomes <- rbind(outcomes, row)
      }
    }
  }
}
for (name in c("studies", "arms", "outcomes")) write.csv(get(name), paste0("exercise_", name, ".csv"), row.names = FALSE, na = "", quote = FALSE)
write.csv(risk, "exercise_rob2.csv", row.names = FALSE, quote = FALSE)
write.csv(events, "exercise_events.csv", row.names = FALSE, quote = FALSE)
