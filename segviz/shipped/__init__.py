"""What ships with the package: how its weights were made (`recipes`), what they score (`leaderboard`), and two small
classifiers that are slid over pictures (`windows`)."""
