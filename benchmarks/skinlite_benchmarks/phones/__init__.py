"""Measurements on phones: by adb, by their browser."""
