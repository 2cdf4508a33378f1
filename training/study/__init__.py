"""A study: out-of-fold (or external) probabilities of the three classifiers, and every statistic drawn from them."""
