"""What ships with the package: how its weights were made (`recipes`) and what they score (`leaderboard`)."""
