"""What ships with the package: how its weights were made (`recipes`), what they score (`leaderboard`), how much of a
score is chance (`seeds`), and two small classifiers that are slid over pictures (`windows`)."""
